#include <ctime>
#include <string>

#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/show_list.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

/// PM2's pause between two lists.
constexpr timespec watch_pause{.tv_sec = 0, .tv_nsec = 900'000'000};
constexpr const char* clear_screen = "\x1b[H\x1b[2J\x1b[3J";

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

result<exit_code> print_list(invocation& call, const list_order& order, std::string_view before) {
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (call.out().behaviour().json)
    return print_json(call, *daemon);
  auto found = *daemon ? fetch_list(**daemon, call.wants_mini_list()) : rpc::process_list{};
  if (!found)
    return fail(std::move(found.error()));
  std::string text{before};
  text += list_text(*found, order, call.wants_mini_list(), call.out().data_canvas());
  auto shown = call.out().data(text);
  for (const std::string& note : found->notes)
    call.out().talk(note);
  return shown;
}

} // namespace

result<exit_code> run::list(invocation& call) {
  std::string sort = "name";
  call.option("--sort", sort, "FIELD[:asc|desc]: name, namespace, pid, id, cpu, memory, uptime, status");
  bool is_watched = false;
  call.flag("--watch", is_watched, "show the list again and again, until Ctrl-C");
  if (auto ended = call.parse())
    return *ended;
  auto order = parse_order(sort);
  if (!order)
    return fail(std::move(order.error()));
  if (!is_watched)
    return print_list(call, *order, "");
  for (;;) {
    auto shown = print_list(call, *order, call.out().data_is_terminal() ? clear_screen : "");
    const bool was_replaced = !shown && shown.error().code == exit_code::unreachable; // the next one is asked next
    if (!shown && !was_replaced)
      return shown;
    ::nanosleep(&watch_pause, nullptr);
    call.out().look_again();
  }
}

} // namespace procvisor::cli
