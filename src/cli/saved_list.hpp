#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/state.hpp"
#include "os/home.hpp"

namespace procvisor::cli {

/// What `resurrect` takes up.
struct saved_list {
  saved_state state;
  std::vector<std::string> warnings;
  std::vector<error> left_out; ///< apps that cannot run here
};

/// The dump; where there never was one, the last state. A broken file gives way to the one before it, with a warning.
result<saved_list> read_saved_list(const os::home& place);

/// A file that the user names: a dump of procvisor or of PM2.
result<saved_list> read_list_file(const std::string& path);

/// Saves an empty dump; for a home without a daemon, where nobody else writes it.
result<void> write_empty_list(const os::home& place);

/// The whole text of a file with this list.
std::string list_file_text(const saved_state& state);

} // namespace procvisor::cli
