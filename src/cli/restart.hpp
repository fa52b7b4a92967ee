#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/console.hpp"
#include "cli/file_targets.hpp"
#include "cli/invocation.hpp"
#include "cli/launch.hpp"
#include "config/changes.hpp"
#include "core/result.hpp"

namespace procvisor::cli {

/// What the command line of a restart says besides its targets.
struct restart_request {
  file_choice choice;
  config::change_request said = {};
  launch_manner manner = {};
  bool is_reload = false; ///< without a gap, where that is possible
  bool attaches = false;  ///< --attach
};

/// Restarts what the targets mean. Those apps of files that do not run are started.
result<exit_code> restart_targets(invocation& call, const std::vector<std::string>& targets, restart_request request);

/// `restart` and `reload`, from their command lines.
result<exit_code> restart_as_typed(invocation& call, restart_request request);

/// `startOrRestart` and its kin, from their command lines; `verb` is its name, for messages.
result<exit_code> start_or_restart_as_typed(invocation& call, restart_request request, const char* verb);

inline constexpr const char* parallel_option = "--parallel";
inline constexpr const char* parallel_help = "replace so many processes at a time (1)";
/// Takes over the value of parallel_option; fails where it is 0.
result<void> set_parallel(launch_manner& manner, std::optional<int64_t> given);

/// A request to start again what the targets mean, with what changes of it.
nlohmann::json restart_params(const std::vector<std::string>& targets, const config::spec_change& change,
                              launch_manner manner);

/// Names the options that did not count for what is in the list already, and values that can hardly be meant.
void warn_of_dropped(const console& out, const config::spec_change& change);

inline constexpr const char* no_args_for_a_file = "without effect on a file of apps: the arguments behind --";

} // namespace procvisor::cli
