#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace procvisor::os {

bool is_regular_file(const std::string& path);
bool is_directory(const std::string& path);

/// A regular file that the caller may execute.
bool is_executable(const std::string& path);

/// Starts with #! or is an ELF file: execve(2) knows what to do with it.
bool is_program(const std::string& path);

/// What `which name` prints: the first executable file of that name in a search path ($PATH). Empty and relative
/// entries of it start at `cwd`. A name with a slash is found nowhere.
std::optional<std::string> find_program(std::string_view name, std::string_view search_path, std::string_view cwd);

} // namespace procvisor::os
