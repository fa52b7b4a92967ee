/// The methods of a session that change something.
#include <fcntl.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/session.hpp"
#include "core/option_table.hpp"
#include "core/wire_text.hpp"
#include "rpc/params.hpp"
#include "rpc/rows.hpp"
#include "rpc/wire.hpp"

namespace procvisor {

using nlohmann::json;

namespace {

json failures(const std::vector<failed_target>& failed) {
  auto list = json::array();
  for (const auto& one : failed)
    list.push_back({{"target", one.target},
                    {"code", static_cast<int>(one.what.code)},
                    {"message", one.what.what},
                    {"hint", one.what.hint},
                    {"last_words", one.last_words}});
  return list;
}

/// nullptr: none was sent.
result<shared_environment> environment_of(const json& params) {
  const auto at = params.find("environment");
  if (at == params.end())
    return nullptr;
  return environment_from_json(*at).map([](environment variables) -> shared_environment {
    return std::make_shared<const environment>(std::move(variables));
  });
}

std::optional<when_running> policy_of(const json& params) {
  const auto text = params.value("when_running", "refuse");
  if (text == "restart")
    return when_running::restart;
  if (text == "refuse")
    return when_running::refuse;
  if (text == "add")
    return when_running::add;
  if (text == "reload")
    return when_running::reload;
  return std::nullopt;
}

reload_manner manner_of(const json& params) {
  return {.with_message = rpc::flag(params, "graceful", false), .parallel = rpc::count(params, "parallel", 1)};
}

} // namespace

void session_state::start(const json& params) {
  start_apps request;
  const auto policy = policy_of(params);
  const auto apps = params.find("apps");
  if (!policy || apps == params.end() || !apps->is_array()) {
    reply_error({exit_code::usage, "start needs apps, and when_running is restart, refuse, add or reload", {}});
    return;
  }
  request.policy = *policy;
  request.until_they_run = rpc::flag(params, "wait", true);
  for (const auto& wire : *apps) {
    auto spec = spec_from_json(wire);
    if (!spec) {
      reply_error(spec.error());
      return;
    }
    request.specs.push_back(std::make_shared<const app_spec>(std::move(*spec)));
  }
  auto caller = environment_of(params);
  if (!caller) {
    reply_error(caller.error());
    return;
  }
  request.caller = *caller ? std::move(*caller) : std::make_shared<const environment>();
  request.updates_env = rpc::flag(params, "update_env", false);
  request.manner = manner_of(params);
  ask_registry<outcome>(request, [this](const outcome& result) { reply_outcome(result); });
}

void session_state::reload(const json& params) {
  act(app_verb::restart, params, manner_of(params));
}

void session_state::act(app_verb verb, const json& params, std::optional<reload_manner> reload) {
  act_on request{.verb = verb,
                 .targets = rpc::texts(params, "targets"),
                 .cwd = params.value("cwd", ""),
                 .names = rpc::texts(params, "names"),
                 .until_they_run = rpc::flag(params, "wait", true),
                 .reload = reload};
  const auto watch = params.value("watch", "");
  if (watch == rpc::watch_off)
    request.change.watch = watch_switch::off;
  else if (watch == rpc::watch_toggle)
    request.change.watch = watch_switch::toggle;
  if (verb == app_verb::restart) {
    auto caller = environment_of(params);
    if (!caller) {
      reply_error(caller.error());
      return;
    }
    request.change.caller = std::move(*caller);
    if (const auto keys = params.find("change"); keys != params.end())
      request.change.keys = std::make_shared<const json>(*keys);
  }
  ask_registry<outcome>(request, [this](const outcome& result) { reply_outcome(result); });
}

void session_state::send_text(const json& params) {
  pass(params, input_text{params.value("text", "")});
}

void session_state::signal(const json& params) {
  const int number = params.value("signal", 0);
  if (number < 1 || number > SIGRTMAX)
    reply_error({exit_code::usage, fmt::format("there is no signal {}", number), {}});
  else
    pass(params, signal_order{number});
}

void session_state::trigger(const json& params) {
  action_order order{.action = params.value("action", ""), .params = {}};
  if (params.contains("params"))
    order.params = params.value("params", "");
  pass(params, std::move(order));
}

void session_state::pass(const json& params, app_order what) {
  ask_registry<outcome>(pass_on_to{rpc::texts(params, "targets"), std::move(what)},
                        [this](const outcome& result) { reply_outcome(result); });
}

void session_state::scale(const json& params) {
  const bool is_relative = params.contains("by");
  const auto amount = params.find(is_relative ? "by" : "to");
  if (amount == params.end() || !amount->is_number_integer()) {
    reply_error({exit_code::usage, "scale needs a target, and to or by with a whole number", {}});
    return;
  }
  ask_registry<outcome>(scale_app{params.value("target", ""), amount->get<int>(), is_relative},
                        [this](const outcome& result) { reply_outcome(result); });
}

void session_state::dump(const json& params) {
  save({.is_forced = rpc::flag(params, "force", false)});
}

void session_state::clear_dump(const json&) {
  save({.is_cleared = true});
}

void session_state::save(const dump_list& request) {
  ask_registry<dumped>(request, [this](const dumped& result) {
    if (result.failed.empty())
      reply({{"saved", result.processes}});
    else
      reply_error({exit_code::other, fmt::format("saving the list failed: {}", result.failed),
                   "what was saved before is as it was"});
  });
}

void session_state::resurrect(const json& params) {
  auto saved = read_state(params.value("state", ""));
  if (!saved) {
    reply_error({exit_code::usage, fmt::format("this is no saved list: {}", saved.error().what), {}});
    return;
  }
  ask_registry<outcome>(resurrect_list{std::make_shared<const saved_state>(std::move(*saved))},
                        [this](const outcome& result) { reply_outcome(result); });
}

void session_state::update(const json& params) {
  const auto path = from_wire_text(params.value("program", "")).value_or("");
  auto program = std::make_shared<os::unique_fd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!*program) {
    reply_error({exit_code::usage, fmt::format("opening '{}' failed: {}", path, ::strerrordesc_np(errno)), {}});
    return;
  }
  self_->request(peers_.launcher, caf::infinite, give_way_to{std::move(program)})
      .then(
          [this, path](const std::string& why) {
            reply_error({exit_code::other, fmt::format("'{}' cannot take over: {}", path, why),
                         "nothing has changed; procvisor kill ends what runs, and its apps"});
          },
          [this](const caf::error& why) {
            reply_error({exit_code::other, caf::to_string(why), {}});
          });
}

void session_state::kill(const json&) {
  ask_registry<outcome>(act_on{.verb = app_verb::remove, .everything = true}, [this](const outcome& result) {
    ends_everything_ = true;
    reply({{"stopped", result.done.size()}});
  });
}

void session_state::reply_outcome(const outcome& result) {
  auto done = json::array();
  for (const auto& one : result.done)
    done.push_back(rpc::to_row({one.view, *one.spec, 0, 0}));
  auto replies = json::array();
  for (const auto& one : result.done)
    if (const auto at = result.replies.find(one.view.id); at != result.replies.end())
      replies.push_back({{"id", static_cast<uint32_t>(one.view.id)},
                         {"name", one.spec->name},
                         {"namespace", one.spec->name_space},
                         {"reply", json::parse(at->second)}});
  json reached{{"done", std::move(done)}, {"failed", failures(result.failed)}, {"replies", std::move(replies)}};
  if (!result.skipped.empty())
    reached["skipped"] = result.skipped;
  if (!result.notes.empty())
    reached["notes"] = result.notes;
  reply(reached);
}

} // namespace procvisor
