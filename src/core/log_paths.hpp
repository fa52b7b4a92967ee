#pragma once

#include <string>

#include "core/app_spec.hpp"
#include "core/process.hpp"

namespace procvisor {

/// Where the output of one process goes. An empty path: there is no such file, and a stream that has none at all is
/// read and thrown away.
struct log_paths {
  std::string out;
  std::string error;
  std::string pid_file;
  std::string log = {};   ///< both streams once more
  bool is_shared = false; ///< one of the files gets more than one stream

  bool operator==(const log_paths&) const = default;
};

/// What merge_logs says, or means where nobody says it: processes that were not asked for by their number share their
/// files. (src/config says it for instances: max.)
bool merges_logs(const app_spec& spec);

/// PM2's names: `logs/<name>-out.log` and `logs/<name>-error.log` under `home`, with `-<id>` before `.log` where the
/// instances do not share their files; `pids/<name>-<id>.pid`. A path of the user's own gets its `-<id>` by the same
/// rule, if it ends in `.log` (`.pid`). The file of both streams is `logs/<name>-<id>.log` where it has no path,
/// without its id only if merge_logs says so. /dev/null and NULL name no file; what is below /dev and /proc, such as /dev/stdout, others write to as well.
///
/// Two names that differ only in characters which a file name cannot have share their files, as in PM2.
log_paths resolve_log_paths(const app_spec& spec, process_id id, const std::string& home);

/// How the lines of these files look.
log_style log_style_of(const app_spec& spec, const log_paths& files);

} // namespace procvisor
