#pragma once

#include <string>
#include <string_view>

namespace procvisor::os {

/// A path of the program that runs here, to be kept: the one that it was called by (in the search path, or by a path
/// that may have links in it) where that is this very file, for an upgrade puts the new file or link there. Otherwise
/// the file itself.
std::string own_program(std::string_view search_path, const std::string& cwd);

} // namespace procvisor::os
