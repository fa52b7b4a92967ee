#pragma once

#include <string_view>

namespace procvisor::serve {

/// Takes as long for a wrong text as for a right one, so that a secret cannot be guessed letter by letter. An empty
/// secret is nobody's.
bool is_same_secret(std::string_view given, std::string_view wanted);

} // namespace procvisor::serve
