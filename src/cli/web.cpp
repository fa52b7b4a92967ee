#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "cli/caller.hpp"
#include "cli/conclude.hpp"
#include "cli/daemon.hpp"
#include "cli/launch.hpp"
#include "cli/show_list.hpp"
#include "core/option_table.hpp"
#include "core/targets.hpp"
#include "os/home.hpp"
#include "serve/listener.hpp"
#include "web/site.hpp"
#include "web/token.hpp"

namespace procvisor::cli {

namespace {

/// This program as an app that is the web server, apart from those of the user.
result<config::loaded> app_for(const web::site& where) {
  return find_caller().and_then([&](const config::caller& who) {
    config::given_options options;
    options[std::string{option_of(&app_spec::name).key}] = {web::app_name};
    options[std::string{option_of(&app_spec::interpreter).key}] = {"none"};
    config::command_line request{who.program, std::move(options), {web::role}, who, web::to_variables(where)};
    return config::from_command_line(request).map([](config::loaded app) {
      app.apps.front().name_space = own_namespace;
      return app;
    });
  });
}

bool runs(const rpc::process_list& list) {
  return std::any_of(list.processes.begin(), list.processes.end(),
                     [](const rpc::process_row& row) { return row.name == web::app_name && row.pid != 0; });
}

/// The server would say so as well, in its log: this way the command does.
result<void> check_port(rpc::client& daemon, const web::site& where) {
  auto list = fetch_list(daemon, /*with_files=*/false);
  if (!list)
    return fail(std::move(list.error()));
  if (runs(*list))
    return {}; // the port may be its own
  return serve::listen_on(where.host, where.port).map([](const os::unique_fd&) {});
}

} // namespace

result<exit_code> run::web(invocation& call) {
  web::site where;
  std::optional<int64_t> port;
  bool wants_new_token = false;
  call.option("--host", where.host, "the IP address to listen on (default 127.0.0.1)");
  call.option("--port", port, "the port to listen on (default 9615)");
  call.flag("--token", wants_new_token, "make a new token; the old one is of no use any more");
  if (auto ended = call.parse())
    return *ended;
  if (port)
    where.port = static_cast<int>(std::min<int64_t>(*port, INT32_MAX));
  if (auto checked = web::check(where); !checked)
    return fail(std::move(checked.error()));
  const auto place = os::find_home();
  if (!place)
    return fail(error{place.error()});
  auto app = app_for(where);
  if (!app)
    return fail(std::move(app.error()));
  auto daemon = start_daemon(); // makes the home as well
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (auto free = check_port(*daemon, where); !free)
    return fail(std::move(free.error()));
  auto token = web::find_token(*place, wants_new_token);
  if (!token)
    return fail(std::move(token.error()));
  outcome reached;
  if (!launch(*daemon, web::app_name, *app, inherited_environment(), restart_running, {}, reached))
    return conclude(call, *daemon, reached, "started");
  const auto origin = web::origin_of(where);
  if (!web::is_loopback(where.host))
    call.out().warn("everybody who reaches this address sees the names of the processes and the metrics, without the "
                    "token; the token goes over the network as it is: put a server with TLS in front");
  call.out().talk(fmt::format("the token is in {}", web::token_path(*place)));
  call.out().talk(fmt::format("the page ends by: procvisor delete {}", web::app_name));
  return call.out().data(fmt::format("{}/ui?token={}\n", origin, *token));
}

} // namespace procvisor::cli
