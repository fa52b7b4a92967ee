#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/log_upkeep.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::flush(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (!*daemon) {
    if (!call.targets().empty())
      return nothing_there(call.targets().front());
    call.out().talk("no daemon is running, so there are no logs to empty");
    return exit_code::done;
  }
  auto answer = (*daemon)->call(rpc::method::flush, {{"targets", call.targets()}}, rpc::prompt);
  if (!answer)
    return fail(std::move(answer.error()));
  if (!call.out().behaviour().json)
    for (const auto& file : answer->value("files", std::vector<std::string>{}))
      call.out().talk(fmt::format("emptied {}", file));
  return conclude_upkeep(call, *answer, "logs flushed");
}

} // namespace procvisor::cli
