#pragma once

#include <string>

#include "core/app_spec.hpp"
#include "core/process.hpp"

namespace procvisor {

/// Where the output of one process goes. An empty path: that stream is read and thrown away.
struct log_paths {
  std::string out;
  std::string error;
  std::string pid_file; ///< never empty

  bool operator==(const log_paths&) const = default;
};

/// PM2's names: `logs/<name>-out.log` and `logs/<name>-error.log` under `home`, with `-<id>` before `.log` where the
/// instances do not share their files; `pids/<name>-<id>.pid`. A path of the user's own gets its `-<id>` by the same
/// rule, if it ends in `.log` (`.pid`). /dev/null and NULL name no file.
///
/// Two names that differ only in characters which a file name cannot have share their files, as in PM2.
log_paths resolve_log_paths(const app_spec& spec, process_id id, const std::string& home);

} // namespace procvisor
