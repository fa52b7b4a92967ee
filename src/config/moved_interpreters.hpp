#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/state.hpp"

namespace procvisor::config {

/// An interpreter that was found in PATH when its app was started is kept by its path. Where that is gone (another
/// version has taken its place), the first one of its name is taken: in the app's own PATH, else in `search_path`. What
/// has changed, and what is missing, one line for each app.
std::vector<std::string> find_moved_interpreters(saved_state& list, std::string_view search_path);

} // namespace procvisor::config
