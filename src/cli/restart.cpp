#include "cli/restart.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/caller.hpp"
#include "cli/conclude.hpp"
#include "cli/daemon.hpp"
#include "cli/file_targets.hpp"
#include "cli/foreground.hpp"
#include "cli/launch.hpp"
#include "cli/settings_file.hpp"
#include "core/option_table.hpp"
#include "core/text.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

struct file_apps {
  std::string file;
  config::loaded apps;
};

result<std::vector<file_apps>> load_files(const std::vector<std::string>& targets, const restart_request& request) {
  std::vector<file_apps> files;
  for (const std::string& target : targets) {
    if (!config::is_config_file(target))
      continue;
    auto loaded =
        file_request_for(target, request.choice, request.said.options, request.said.who).and_then(config::load_file);
    if (!loaded)
      return fail(std::move(loaded.error()));
    if (request.said.has_args)
      loaded->warnings.emplace_back(no_args_for_a_file);
    files.push_back({target, std::move(*loaded)});
  }
  return files;
}

/// `--watch` without a value, which turns the watch of an app on or off; it is not among the options any more.
bool take_bare_watch(config::given_options& options) {
  const auto at = options.find(option_of(&app_spec::watch).key);
  const bool is_bare = at != options.end() && at->second.empty();
  if (is_bare)
    options.erase(at);
  return is_bare;
}

/// Restarts what is named; the apps of files that do not run are started, which is why a file brings a daemon up.
result<exit_code> restart_all(invocation& call, std::vector<std::string> targets, const std::vector<file_apps>& files,
                              const restart_request& request) {
  std::erase_if(targets, config::is_config_file);
  auto said = targets.empty() ? config::change_request{} : request.said;
  const bool toggles_watch = !request.is_reload && take_bare_watch(said.options);
  auto change = config::read_change(said);
  if (!change)
    return fail(std::move(change.error()));
  auto running = find_daemon();
  if (!running)
    return fail(std::move(running.error()));
  if (!*running && !targets.empty())
    return nothing_there(targets.front());
  auto daemon = *running ? result<rpc::client>{std::move(**running)} : start_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));

  outcome reached;
  reached.is_by_app = request.is_reload;
  const char* const done_word = request.is_reload ? "reloaded" : "restarted";
  environment inherited = inherited_environment();
  for (const auto& [file, loaded] : files) {
    for (const std::string& warning : loaded.warnings)
      call.out().warn(warning);
    launch(*daemon, file, loaded, inherited, request.is_reload ? reload_running : restart_running, request.manner,
           reached);
  }
  if (!targets.empty()) {
    auto params = restart_params(targets, *change, request.manner);
    params["cwd"] = request.said.who.cwd;
    if (toggles_watch)
      params["watch"] = rpc::watch_toggle;
    auto answer = daemon->call(request.is_reload ? rpc::method::reload : rpc::method::restart, params, rpc::unlimited);
    if (!answer && files.empty())
      return fail(std::move(answer.error()));
    if (answer)
      reached.add(*answer);
    else
      reached.add_failure(targets.front(), answer.error());
    warn_of_dropped(call.out(), *change);
  }
  auto code = conclude(call, *daemon, reached, done_word);
  return request.attaches ? follow_logs_after(code, call.out(), *daemon) : code;
}

} // namespace

result<exit_code> restart_targets(invocation& call, const std::vector<std::string>& targets, restart_request request) {
  if (auto checked = check_choice(request.choice, targets); !checked)
    return fail(std::move(checked.error()));
  if (std::any_of(targets.begin(), targets.end(), config::is_config_file)) {
    auto defaults = default_options(call.out());
    if (!defaults)
      return fail(std::move(defaults.error()));
    request.said.who.defaults = std::move(*defaults);
  }
  return load_files(targets, request).and_then([&](const std::vector<file_apps>& files) {
    return restart_all(call, targets, files, request);
  });
}

nlohmann::json restart_params(const std::vector<std::string>& targets, const config::spec_change& change,
                              launch_manner manner) {
  nlohmann::json params{{"targets", targets},
                        {"names", nlohmann::json::array()},
                        {"wait", manner.waits},
                        {"graceful", manner.is_graceful},
                        {"parallel", manner.parallel}};
  if (!change.keys.is_null())
    params["change"] = change.keys;
  if (manner.updates_env)
    params["environment"] = environment_to_json(inherited_environment());
  return params;
}

void warn_of_dropped(const console& out, const config::spec_change& change) {
  for (const std::string& doubt : change.doubts)
    out.warn(doubt);
  if (!change.dropped.empty())
    out.warn(fmt::format("without effect on what is in the list already: {}", fmt::join(change.dropped, ", ")));
}

result<void> set_parallel(launch_manner& manner, std::optional<int64_t> given) {
  manner.parallel = given.value_or(1);
  if (manner.parallel > 0)
    return {};
  return fail(exit_code::usage, fmt::format("{} needs a number from 1", parallel_option));
}

result<exit_code> restart_as_typed(invocation& call, restart_request request) {
  call.declare_spec_options();
  call.option("--env", request.choice.env_name, "use env_NAME of a file");
  call.option("--only", request.choice.only, "only these apps of a file, separated by commas");
  call.flag(update_env_option, request.manner.updates_env, update_env_help);
  bool is_not_waited_for = false;
  std::optional<int64_t> parallel;
  if (request.is_reload)
    call.option(parallel_option, parallel, parallel_help);
  else
    call.flag(no_wait_option, is_not_waited_for, no_wait_help);
  call.flag(attach_option, request.attaches, attach_help);
  if (auto ended = call.parse())
    return *ended;
  if (auto set = set_parallel(request.manner, parallel); !set)
    return fail(std::move(set.error()));
  auto options = call.spec_options();
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));
  const auto typed = targets_behind_watch(call.targets(), options);
  request.said = {std::move(options), call.app_args(), call.has_app_args(), std::move(*who)};
  auto targets = targets_or_default_file(typed, request.said.who);
  if (!targets)
    return fail(std::move(targets.error()));
  request.manner.waits = !is_not_waited_for;
  return restart_targets(call, *targets, std::move(request));
}

result<exit_code> run::restart(invocation& call) {
  return restart_as_typed(call, {});
}

} // namespace procvisor::cli
