#include "cli/act.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/caller.hpp"
#include "cli/conclude.hpp"
#include "cli/daemon.hpp"
#include "cli/file_targets.hpp"
#include "core/text.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

struct targets_of_request {
  std::vector<std::string> targets; ///< as typed
  std::vector<std::string> names;   ///< of apps in files
};

result<targets_of_request> resolve(const std::vector<std::string>& typed, const file_choice& choice,
                                   const config::caller& who) {
  targets_of_request found;
  for (const std::string& target : typed) {
    if (!config::is_config_file(target)) {
      found.targets.push_back(target);
      continue;
    }
    auto names = file_request_for(target, choice, {}, who).and_then(config::names_in_file);
    if (!names)
      return fail(std::move(names.error()));
    found.names.insert(found.names.end(), names->begin(), names->end());
  }
  return found;
}

} // namespace

result<exit_code> act_on_targets(invocation& call, const char* method, std::string_view done_word) {
  file_choice choice;
  call.option("--env", choice.env_name, "the env_NAME of a file, where it is part of the apps' names");
  call.option("--only", choice.only, "only these apps of a file, separated by commas");
  bool ends_watch = false;
  if (method == rpc::method::stop)
    call.flag("--watch", ends_watch, "no longer watch its files: without this a change starts it again");
  if (auto ended = call.parse())
    return *ended;
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));
  auto wanted = check_choice(choice, call.targets())
                    .and_then([&] { return targets_or_default_file(call.targets(), *who); })
                    .and_then([&](const auto& typed) { return resolve(typed, choice, *who); });
  if (!wanted)
    return fail(std::move(wanted.error()));

  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (!*daemon) {
    if (!wanted->targets.empty())
      return nothing_there(wanted->targets.front());
    call.out().talk("no daemon is running, and so none of these apps");
    return exit_code::done;
  }
  nlohmann::json params{{"targets", wanted->targets}, {"names", wanted->names}, {"cwd", who->cwd}};
  if (ends_watch)
    params["watch"] = rpc::watch_off;
  auto answer = (*daemon)->call(method, params, rpc::unlimited);
  if (!answer)
    return fail(std::move(answer.error()));
  outcome reached;
  reached.add(*answer);
  return conclude(call, **daemon, reached, done_word);
}

result<nlohmann::json> ask_about(const std::string& target, const char* method) {
  return find_daemon().and_then([&](std::optional<rpc::client> daemon) -> result<nlohmann::json> {
    if (!daemon)
      return nothing_there(target);
    return daemon->call(method, {{"target", target}}, rpc::prompt);
  });
}

tl::unexpected<error> nothing_there(std::string_view target) {
  if (target == "all")
    return fail(exit_code::not_found, "there is no process");
  return fail(exit_code::not_found, fmt::format("there is no process {}", in_quotes(target)), "procvisor list");
}

} // namespace procvisor::cli
