#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/render/inspect.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::prettylist(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  auto processes = *daemon ? (*daemon)->call(rpc::method::jlist, nlohmann::json::object(), rpc::prompt)
                           : result<nlohmann::json>{nlohmann::json::array()};
  if (!processes)
    return fail(std::move(processes.error()));
  bool is_json = call.out().behaviour().json;
  return call.out().data((is_json ? processes->dump() : inspected(*processes)) + "\n");
}

} // namespace procvisor::cli
