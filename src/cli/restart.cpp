#include "cli/restart.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/caller.hpp"
#include "cli/conclude.hpp"
#include "cli/daemon.hpp"
#include "cli/file_targets.hpp"
#include "cli/launch.hpp"
#include "cli/settings_file.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

struct file_apps {
  std::string file;
  config::loaded apps;
};

result<std::vector<file_apps>> load_files(const std::vector<std::string>& targets, const file_choice& choice,
                                          const config::caller& who) {
  std::vector<file_apps> files;
  for (const std::string& target : targets) {
    if (!config::is_config_file(target))
      continue;
    auto loaded = file_request_for(target, choice, {}, who).and_then(config::load_file);
    if (!loaded)
      return fail(std::move(loaded.error()));
    files.push_back({target, std::move(*loaded)});
  }
  return files;
}

/// Restarts what is named; the apps of files that do not run are started, which is why a file brings a daemon up.
result<exit_code> restart_all(invocation& call, std::vector<std::string> targets, const std::vector<file_apps>& files,
                              bool waits) {
  std::erase_if(targets, config::is_config_file);
  auto running = find_daemon();
  if (!running)
    return fail(std::move(running.error()));
  if (!*running && !targets.empty())
    return nothing_there(targets.front());
  auto daemon = *running ? result<rpc::client>{std::move(**running)} : start_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));

  outcome reached;
  environment inherited = inherited_environment(call.out());
  for (const auto& [file, loaded] : files) {
    for (const std::string& warning : loaded.warnings)
      call.out().warn(warning);
    if (!launch(*daemon, file, loaded, inherited, restart_running, waits, reached))
      return conclude(call, *daemon, reached, "restarted");
  }
  if (!targets.empty()) {
    auto answer =
        daemon->call(rpc::method::restart, {{"targets", targets}, {"names", nlohmann::json::array()}, {"wait", waits}},
                     rpc::unlimited);
    if (!answer && files.empty())
      return fail(std::move(answer.error()));
    if (answer)
      reached.add(*answer);
    else
      reached.add_failure(targets.front(), answer.error());
  }
  return conclude(call, *daemon, reached, "restarted");
}

} // namespace

result<exit_code> restart_targets(invocation& call, const std::vector<std::string>& targets, const file_choice& choice,
                                  bool waits, config::caller who) {
  if (std::any_of(targets.begin(), targets.end(), config::is_config_file)) {
    auto defaults = default_options(call.out());
    if (!defaults)
      return fail(std::move(defaults.error()));
    who.defaults = std::move(*defaults);
  }
  return load_files(targets, choice, who).and_then([&](const std::vector<file_apps>& files) {
    return restart_all(call, targets, files, waits);
  });
}

result<exit_code> run::restart(invocation& call) {
  file_choice choice;
  bool is_not_waited_for = false;
  call.option("--env", choice.env_name, "use env_NAME of a file");
  call.option("--only", choice.only, "only these apps of a file, separated by commas");
  call.flag(no_wait_option, is_not_waited_for, no_wait_help);
  if (auto ended = call.parse())
    return *ended;
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));
  auto targets = targets_or_default_file(call.targets(), *who);
  if (!targets)
    return fail(std::move(targets.error()));
  return restart_targets(call, *targets, choice, !is_not_waited_for, *who);
}

} // namespace procvisor::cli
