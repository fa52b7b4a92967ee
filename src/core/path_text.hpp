#pragma once

#include <string>
#include <string_view>

namespace procvisor {

/// "b/../c/" from "/a" on is "/a/c"; a path that is absolute starts at the root. By its letters alone: nothing is looked
/// up, and links are not followed.
std::string absolute_path(std::string_view path, std::string_view base);

} // namespace procvisor
