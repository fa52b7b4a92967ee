#pragma once

#include <string>

#include "core/result.hpp"

namespace procvisor::cli {

/// Puts a block between two marking lines at the end of ~/.bashrc or ~/.zshrc, in place of one that is there; the
/// path of that file. The block asks procvisor for its script each time, so that it is always the right one.
result<std::string> install_completion(const std::string& shell);

/// Takes the block out.
result<std::string> uninstall_completion(const std::string& shell);

/// The text without the block; all of it where it has none.
std::string without_completion(std::string text);

} // namespace procvisor::cli
