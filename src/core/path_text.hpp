#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace procvisor {

/// "b/../c/" from "/a" on is "/a/c"; a path that is absolute starts at the root. By its letters alone: nothing is looked
/// up, and links are not followed.
std::string absolute_path(std::string_view path, std::string_view base);

/// What is left of a path behind a folder: "/a/b", or "" for the folder itself; nullopt: it is not below it.
std::optional<std::string_view> rest_below(std::string_view path, std::string_view folder);

} // namespace procvisor
