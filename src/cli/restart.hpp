#pragma once

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
};

/// Restarts what the targets mean. Those apps of files that do not run are started.
result<exit_code> restart_targets(invocation& call, const std::vector<std::string>& targets, restart_request request);

/// A request to start again what the targets mean, with what changes of it.
nlohmann::json restart_params(const std::vector<std::string>& targets, const config::spec_change& change,
                              launch_manner manner);

/// Names the options that did not count for what is in the list already.
void warn_of_dropped(const console& out, const config::spec_change& change);

inline constexpr const char* no_args_for_a_file = "without effect on a file of apps: the arguments behind --";

/// `--env` with a target that is no file.
error without_a_file(const std::string& target);

} // namespace procvisor::cli
