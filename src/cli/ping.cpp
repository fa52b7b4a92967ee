#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
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
  if (call.out().behaviour().json)
    return call.out().data(answer->dump() + "\n");
  return call.out().data("{ msg: 'pong' }\n"); // PM2's words, for scripts that look for them
}

} // namespace procvisor::cli
