#include <fmt/format.h>

#include "cli/caller.hpp"
#include "cli/launch.hpp"
#include "cli/restart.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

result<exit_code> start_or_restart_as_typed(invocation& call, restart_request request, const char* verb) {
  call.option("--env", request.choice.env_name, "use env_NAME of a file");
  call.option("--only", request.choice.only, "only these apps of a file, separated by commas");
  bool is_not_waited_for = false;
  std::optional<int64_t> parallel;
  if (request.is_reload)
    call.option(parallel_option, parallel, parallel_help);
  else
    call.flag(no_wait_option, is_not_waited_for, no_wait_help);
  if (auto ended = call.parse())
    return *ended;
  if (auto set = set_parallel(request.manner, parallel); !set)
    return fail(std::move(set.error()));
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));
  auto targets = targets_or_default_file(call.targets(), *who);
  if (!targets)
    return fail(std::move(targets.error()));
  for (const std::string& target : *targets)
    if (!config::is_config_file(target))
      return fail(exit_code::usage, fmt::format("{} takes files of apps, and {} is none", verb, in_quotes(target)),
                  "procvisor restart takes names and ids");
  request.said.who = std::move(*who);
  request.manner.waits = !is_not_waited_for;
  return restart_targets(call, *targets, std::move(request));
}

result<exit_code> run::start_or_restart(invocation& call) {
  return start_or_restart_as_typed(call, {}, "startOrRestart");
}

} // namespace procvisor::cli
