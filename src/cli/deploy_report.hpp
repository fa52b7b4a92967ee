#pragma once

#include <vector>

#include "cli/console.hpp"
#include "cli/deploy_crew.hpp"
#include "cli/deploy_display.hpp"
#include "core/deploy_request.hpp"
#include "core/deploy_target.hpp"
#include "core/result.hpp"

namespace procvisor::cli {

/// Says what came of one host: "web1: deployed 8c88750c05, before 1234567890 (1.2 s)", or the error.
void say_end(deploy_action action, const deploy_target& target, const deploy_result& one, deploy_display& display,
             console& out);

/// Ends the command: prints what was asked for, or all as JSON, and where it is done in part what is done and what not.
result<exit_code> conclude_deploy(deploy_action action, const deploy_target& target,
                                  const std::vector<deploy_result>& results, deploy_display& display, console& out);

} // namespace procvisor::cli
