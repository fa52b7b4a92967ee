
#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "cli/caller.hpp"
#include "cli/conclude.hpp"
#include "cli/daemon.hpp"
#include "cli/launch.hpp"
#include "cli/show_list.hpp"
#include "core/option_table.hpp"
#include "core/static_site.hpp"
#include "core/text.hpp"
#include "serve/listener.hpp"

namespace procvisor::cli {

namespace {

/// The settings of a site as options of a verb. --port is there already, as one of an app.
class site_options {
public:
  explicit site_options(invocation& call) {
    for (const site_setting& setting : site_settings()) {
      if (&setting == &site_port_setting || &setting == &site_root_setting)
        continue;
      const std::string dashed = spelling(setting);
      const std::string spellings =
          dashed == underscored(setting) ? dashed : fmt::format("{},{}", dashed, underscored(setting));
      if (setting.is_flag)
        call.flag(spellings.c_str(), flags_[&setting], std::string{setting.help}.c_str());
      else
        call.option(spellings.c_str(), texts_[&setting], std::string{setting.help}.c_str());
    }
  }

  static std::string spelling(const site_setting& setting) {
    std::string dashed = underscored(setting);
    std::replace(dashed.begin(), dashed.end(), '_', '-');
    return dashed;
  }

  /// As variables of the server's process.
  result<environment> variables() const {
    environment found;
    for (const auto& [setting, is_given] : flags_)
      if (is_given)
        found.emplace(site_variable(*setting), "true");
    for (const auto& [setting, text] : texts_) {
      if (text.empty())
        continue;
      if (const auto problem = site_value_problem(*setting, text))
        return fail(exit_code::usage, fmt::format("{} {}", spelling(*setting), *problem));
      found.emplace(site_variable(*setting), text);
    }
    return found;
  }

private:
  static std::string underscored(const site_setting& setting) { return fmt::format("--{}", setting.name); }

  std::map<const site_setting*, bool> flags_;
  std::map<const site_setting*, std::string> texts_;
};

/// The port of `serve PATH PORT` or of --port; nothing: neither was given. Takes it out of the app's options.
result<std::optional<std::string>> take_port(const std::vector<std::string>& operands, config::given_options& options) {
  std::optional<std::string> port;
  if (operands.size() > 1)
    port = operands[1];
  const auto given = options.find(option_of(&app_declaration::port).key);
  if (given != options.end()) {
    if (port && *port != given->second.back())
      return fail(exit_code::usage,
                  fmt::format("two ports were given: {} and {}", in_quotes(*port), in_quotes(given->second.back())));
    port = given->second.back();
    options.erase(given);
  }
  if (port)
    if (const auto problem = site_value_problem(site_port_setting, *port))
      return fail(exit_code::usage, fmt::format("the port {}", *problem));
  return port;
}

bool runs_already(const rpc::process_list& list, const std::string& name) {
  return std::any_of(list.processes.begin(), list.processes.end(),
                     [&](const rpc::process_row& row) { return row.name == name && row.pid != 0; });
}

/// The server would say so as well, in its log: this way the command does.
result<void> check_port(std::optional<rpc::client>& daemon, const std::string& name, const static_site& site) {
  if (daemon) {
    auto list = fetch_list(*daemon, /*with_files=*/false);
    if (!list)
      return fail(std::move(list.error()));
    if (runs_already(*list, name))
      return {}; // the port is its own: the daemon will say that it runs
  }
  return serve::listen_on(site.host, site.port).map([](const os::unique_fd&) {});
}

/// Everything that the command line and the environment say.
struct site_request {
  config::given_options options; ///< of the app
  environment variables;         ///< of the server alone
  environment inherited;
  static_site site;

  const std::string& name() const { return options.find(option_of(&app_spec::name).key)->second.back(); }
};

result<site_request> read_request(const invocation& call, const site_options& settings, environment inherited) {
  site_request request;
  request.inherited = std::move(inherited);
  request.options = call.spec_options();
  auto port = take_port(call.targets(), request.options);
  if (!port)
    return fail(std::move(port.error()));
  auto variables = settings.variables();
  if (!variables)
    return fail(std::move(variables.error()));
  request.variables = std::move(*variables);
  if (*port)
    request.variables.emplace(site_variable(site_port_setting), **port);
  if (!call.targets().empty())
    request.variables.emplace(site_variable(site_root_setting), call.targets().front());

  environment all = request.variables;
  all.insert(request.inherited.begin(), request.inherited.end());
  auto site = static_site_from(all);
  if (!site)
    return fail(std::move(site.error()));
  request.site = std::move(*site);
  request.variables.emplace(site_variable(site_root_setting), request.site.root); // found now, so that it is there
  request.options.try_emplace(std::string{option_of(&app_spec::name).key}, 1, static_site_name(request.site.port));
  return request;
}

} // namespace

result<exit_code> run::serve(invocation& call) {
  site_options settings{call};
  call.declare_spec_options();
  if (auto ended = call.parse())
    return *ended;
  auto request = read_request(call, settings, inherited_environment());
  if (!request)
    return fail(std::move(request.error()));
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));
  auto app = config::from_command_line({std::string{serve_script}, request->options, {}, *who, request->variables});
  if (!app)
    return fail(std::move(app.error()));

  auto running = find_daemon();
  if (!running)
    return fail(std::move(running.error()));
  if (auto checked = check_port(*running, request->name(), request->site); !checked)
    return fail(std::move(checked.error()));
  auto daemon = *running ? result<rpc::client>{std::move(**running)} : start_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  outcome reached;
  if (launch(*daemon, request->name(), *app, request->inherited, refuse_running, {}, reached))
    call.out().talk(fmt::format("serving {} on {} port {}", app->apps.front().env.at(site_variable(site_root_setting)),
                                request->site.host, request->site.port));
  return conclude(call, *daemon, reached, "started");
}

} // namespace procvisor::cli
