#pragma once

#include <string>
#include <vector>

#include "cli/file_targets.hpp"
#include "cli/invocation.hpp"

namespace procvisor::cli {

/// Restarts what the targets mean. Those apps of files that do not run are started.
result<exit_code> restart_targets(invocation& call, const std::vector<std::string>& targets, const file_choice& choice,
                                  bool waits, config::caller who);

} // namespace procvisor::cli
