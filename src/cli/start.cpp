#include <unistd.h>

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/caller.hpp"
#include "cli/conclude.hpp"
#include "cli/daemon.hpp"
#include "cli/file_targets.hpp"
#include "cli/foreground.hpp"
#include "cli/kill.hpp"
#include "cli/launch.hpp"
#include "cli/restart.hpp"
#include "cli/settings_file.hpp"
#include "config/changes.hpp"
#include "config/write_apps.hpp"
#include "core/targets.hpp"
#include "core/text.hpp"
#include "core/units.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

/// What the command line says besides its targets.
struct start_request {
  file_choice choice;
  config::change_request said; ///< options and arguments of the app
  launch_manner manner;

  bool is_forced() const { return said.options.contains(option_of(&app_declaration::force).key); }
};

/// `all`, ids and expressions can only mean what is in the list.
bool is_only_in_list(const std::string& target) {
  return target == "all" || parse_integer(target).has_value() || is_expression(target);
}

/// A name, a namespace or an id is tried before a script of that name; a path and an existing file with an extension
/// can only be scripts.
bool may_be_in_list(const std::string& target, const start_request& request) {
  if (is_only_in_list(target))
    return true;
  if (request.is_forced() || target.find('/') != std::string::npos)
    return false;
  bool has_extension = target.find('.') != std::string::npos;
  return !has_extension || ::access((request.said.who.cwd + "/" + target).c_str(), F_OK) != 0;
}

/// The apps that a target describes, once those that ask for it have been written to files.
result<config::loaded> load(const std::string& target, const start_request& request, const console& out) {
  auto loaded = load_target(target, request.choice, request.said);
  if (!loaded)
    return loaded;
  auto written = config::write_apps(*loaded, request.said.who.cwd);
  if (!written)
    return fail(std::move(written.error()));
  for (const std::string& file : *written)
    out.talk(fmt::format("wrote {}", file));
  return loaded;
}

struct step {
  std::string target;
  std::optional<config::loaded> apps; ///< nothing: it may be in the list, so the daemon is asked first
};

/// Reads what can be read before anything is started, so that a bad file or option changes nothing.
result<std::vector<step>> plan(const std::vector<std::string>& targets, const start_request& request, bool daemon_runs,
                               const console& out) {
  std::vector<step> steps;
  for (const std::string& target : targets) {
    if (!config::is_config_file(target) && may_be_in_list(target, request)) {
      if (daemon_runs) {
        steps.push_back({target, std::nullopt});
        continue;
      }
      if (is_only_in_list(target))
        return nothing_there(target);
    }
    auto loaded = load(target, request, out);
    if (!loaded)
      return fail(std::move(loaded.error()));
    steps.push_back({target, std::move(*loaded)});
  }
  return steps;
}

/// Carries out the steps in order, up to the first failure.
class starter {
public:
  starter(invocation& call, rpc::client& daemon, const start_request& request)
    : call_(call), daemon_(daemon), request_(request), inherited_(inherited_environment()) {}

  bool take(const step& next) { return next.apps ? launch_apps(next.target, *next.apps) : start_listed(next.target); }

  const outcome& reached() const noexcept { return reached_; }

private:
  bool launch_apps(const std::string& target, const config::loaded& loaded) {
    for (const std::string& warning : loaded.warnings)
      call_.out().warn(warning);
    const char* then = config::is_config_file(target) ? restart_running : refuse_running;
    return launch(daemon_, target, loaded, inherited_, then, request_.manner, reached_);
  }

  bool start_listed(const std::string& target) {
    // `start worker --name mail` does not mean to rename what is called worker: restart does that.
    const std::string name{option_of(&app_spec::name).key};
    auto said = request_.said;
    const bool has_name = said.options.erase(name) > 0;
    auto change = config::read_change(said);
    if (change && has_name)
      change->dropped.push_back("--" + name);
    if (!change) {
      reached_.add_failure(target, change.error());
      return false;
    }
    auto params = restart_params({target}, *change, request_.manner);
    auto answer = daemon_.call(rpc::method::start_existing, params, rpc::unlimited);
    outcome found;
    if (answer)
      found.add(*answer);
    else
      found.add_failure(target, answer.error());
    if (exit_code_of(found) == exit_code::not_found && !is_only_in_list(target))
      return start_script(target);
    warn_of_dropped(call_.out(), *change);
    reached_.add({{"done", found.done}, {"failed", found.failed}});
    return found.failed.empty();
  }

  bool start_script(const std::string& target) {
    auto loaded = load(target, request_, call_.out());
    if (loaded)
      return launch_apps(target, *loaded);
    reached_.add_failure(target, loaded.error());
    return false;
  }

  invocation& call_;
  rpc::client& daemon_;
  const start_request& request_;
  environment inherited_;
  outcome reached_;
};

} // namespace

result<exit_code> run::start(invocation& call) {
  start_request request;
  call.declare_spec_options();
  call.option("--env", request.choice.env_name, "use env_NAME of a file");
  call.option("--only", request.choice.only, "only these apps of a file, separated by commas");
  bool is_not_waited_for = false;
  call.flag(no_wait_option, is_not_waited_for, no_wait_help);
  bool stays = false;
  call.flag("--no-daemon,--no_daemon", stays,
            "stay, and follow the logs; a daemon that this command starts ends with it");
  bool attaches = false;
  call.flag(attach_option, attaches, attach_help);
  call.flag(update_env_option, request.manner.updates_env, update_env_help);
  if (auto ended = call.parse())
    return *ended;
  auto options = call.spec_options();
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));
  const auto typed = targets_behind_watch(call.targets(), options);
  request.said = {std::move(options), call.app_args(), call.has_app_args(), std::move(*who)};
  request.manner.waits = !is_not_waited_for;
  auto defaults = default_options(call.out());
  if (!defaults)
    return fail(std::move(defaults.error()));
  request.said.who.defaults = std::move(*defaults);

  auto targets = targets_or_default_file(typed, request.said.who);
  if (!targets)
    return fail(std::move(targets.error()));
  if (auto checked = check_choice(request.choice, *targets); !checked)
    return fail(std::move(checked.error()));
  auto running = find_daemon();
  if (!running)
    return fail(std::move(running.error()));
  auto steps = plan(*targets, request, running->has_value(), call.out());
  if (!steps)
    return fail(std::move(steps.error()));
  const auto owner = *running ? daemon_owner::somebody : daemon_owner::this_command;
  auto daemon = *running ? result<rpc::client>{std::move(**running)} : start_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));

  starter work{call, *daemon, request};
  for (const step& next : *steps)
    if (!work.take(next))
      break;
  auto code = conclude(call, *daemon, work.reached(), "started");
  if (!stays)
    return attaches ? follow_logs_after(code, call.out(), *daemon) : code;
  if (has_begun(code))
    return stay_in_foreground(call.out(), *daemon, owner);
  if (owner == daemon_owner::this_command)
    (void)end_daemon(*daemon); // nobody would end it later; why nothing was started is the answer
  return code;
}

} // namespace procvisor::cli
