#pragma once

#include <string_view>

namespace procvisor::serve {

/// The Content-Type for a file of this name, by its extension; plain text where that says nothing.
std::string_view media_type(std::string_view name);

} // namespace procvisor::serve
