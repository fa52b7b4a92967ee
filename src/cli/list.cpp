#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/show_list.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

result<exit_code> print_json(invocation& call, std::optional<rpc::client>& daemon) {
  nlohmann::json processes = nlohmann::json::array();
  if (daemon) {
    auto reply = daemon->call(rpc::method::list, nlohmann::json::object(), rpc::prompt);
    if (!reply)
      return fail(std::move(reply.error()));
    processes = reply->value("processes", processes);
  }
  return call.out().data(processes.dump() + "\n");
}

} // namespace

result<exit_code> run::list(invocation& call) {
  std::string sort = "name";
  call.option("--sort", sort, "FIELD[:asc|desc]: name, namespace, pid, id, cpu, memory, uptime, status");
  if (auto ended = call.parse())
    return *ended;
  auto order = parse_order(sort);
  if (!order)
    return fail(std::move(order.error()));
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (call.out().behaviour().json)
    return print_json(call, *daemon);

  auto found = *daemon ? fetch_list(**daemon, call.wants_mini_list()) : rpc::process_list{};
  if (!found)
    return fail(std::move(found.error()));
  auto shown = call.out().data(list_text(*found, *order, call.wants_mini_list(), call.out().data_canvas()));
  for (const std::string& note : found->notes)
    call.out().talk(note);
  return shown;
}

} // namespace procvisor::cli
