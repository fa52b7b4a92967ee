#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/log_upkeep.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::reload_logs(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (!*daemon) {
    call.out().talk("no daemon is running, so no log is open");
    return exit_code::done;
  }
  auto answer = (*daemon)->call(rpc::method::reload_logs, nlohmann::json::object(), rpc::prompt);
  if (!answer)
    return fail(std::move(answer.error()));
  return conclude_upkeep(call, *answer, "all logs reloaded");
}

} // namespace procvisor::cli
