#include <fmt/format.h>

#include "cli/caller.hpp"
#include "cli/launch.hpp"
#include "cli/restart.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

result<exit_code> run::start_or_restart(invocation& call) {
  restart_request request;
  call.option("--env", request.choice.env_name, "use env_NAME of a file");
  call.option("--only", request.choice.only, "only these apps of a file, separated by commas");
  bool is_not_waited_for = false;
  call.flag(no_wait_option, is_not_waited_for, no_wait_help);
  if (auto ended = call.parse())
    return *ended;
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));
  auto targets = targets_or_default_file(call.targets(), *who);
  if (!targets)
    return fail(std::move(targets.error()));
  for (const std::string& target : *targets)
    if (!config::is_config_file(target))
      return fail(exit_code::usage,
                  fmt::format("startOrRestart takes files of apps, and {} is none", in_quotes(target)),
                  "procvisor restart takes names and ids");
  request.said.who = std::move(*who);
  request.manner.waits = !is_not_waited_for;
  return restart_targets(call, *targets, std::move(request));
}

} // namespace procvisor::cli
