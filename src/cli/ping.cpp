#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "core/version.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::ping(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto daemon = start_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  auto answer = daemon->call(rpc::method::ping, nlohmann::json::object(), rpc::prompt);
  if (!answer)
    return fail(std::move(answer.error()));
  (*answer)["client_version"] = version();
  if (call.out().behaviour().json)
    return call.out().data(answer->dump() + "\n");
  if (const auto theirs = answer->value("version", ""); theirs != version())
    call.out().warn(
        fmt::format("the daemon is procvisor {}, this is {}: procvisor update replaces it", theirs, version()));
  return call.out().data("{ msg: 'pong' }\n"); // PM2's words, for scripts that look for them
}

} // namespace procvisor::cli
