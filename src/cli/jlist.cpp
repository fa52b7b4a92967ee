#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

result<exit_code> run::jlist(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (!*daemon)
    return call.out().data("[]");
  auto processes = (*daemon)->call(rpc::method::jlist, nlohmann::json::object(), rpc::prompt);
  if (!processes)
    return fail(std::move(processes.error()));
  return call.out().data(processes->dump()); // no newline at its end, as PM2
}

} // namespace procvisor::cli
