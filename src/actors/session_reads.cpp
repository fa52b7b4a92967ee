/// The methods of a session that only look.
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/event_stream.hpp"
#include "actors/session.hpp"
#include "core/cron.hpp"
#include "core/version.hpp"
#include "core/wire_text.hpp"
#include "os/zones.hpp"
#include "rpc/params.hpp"
#include "rpc/recorder_wire.hpp"
#include "rpc/rows.hpp"

namespace procvisor {

using nlohmann::json;

namespace {

/// The next three times at which cron_restart is due, in milliseconds since the epoch.
void add_due_times(json& details, const app_spec& spec) {
  const auto schedule = parse_cron(spec.cron_restart);
  const auto zone = os::find_time_zone(spec.cron_timezone);
  if (spec.cron_restart.empty() || !schedule || !zone)
    return;
  auto& due = details["cron_next"] = json::array();
  auto after = std::optional{std::chrono::floor<std::chrono::seconds>(wall_clock::now())};
  while (due.size() < 3 && (after = next_due(*schedule, *after, *zone)))
    due.push_back(std::chrono::milliseconds{after->time_since_epoch()}.count());
}

/// What the app has said of itself takes the place of what stands for nothing.
void add_offers(json& object, const shared_offers& offers) {
  if (offers == nullptr)
    return;
  object["axm_actions"] = offers->actions;
  object["axm_monitor"] = offers->metrics;
  if (!offers->status.empty())
    object["status_text"] = offers->status;
}

} // namespace

void session_state::ping(const json&) {
  reply({{"pid", getpid()},
         {"keeper", peers_.keeper_pid},
         {"version", version()},
         {"keeper_version", peers_.keeper_version},
         {"has_returned", peers_.keeper_has_returned},
         {"found", *peers_.found}});
}

void session_state::list(const json& params) {
  const bool with_files = rpc::flag(params, "files", false);
  with_usage(rpc::texts(params, "targets"),
             [this, with_files](const found_processes& found, const std::vector<usage>& used) {
               if (!found.failed.empty()) {
                 reply_error(found.failed.front().what);
                 return;
               }
               std::string text = R"({"notes":)" + json(found.notes).dump() + R"(,"processes":[)";
               for (size_t i = 0; i < found.processes.size(); ++i) {
                 const auto& one = found.processes[i];
                 if (i > 0)
                   text += ',';
                 const rpc::row_source row{one.view, *one.spec, used[i].cpu, used[i].memory, one.watch_trouble};
                 if (with_files)
                   rpc::append_row(text, row, resolve_log_paths(*one.spec, one.view.id, peers_.home));
                 else
                   rpc::append_row(text, row);
               }
               text += "]}";
               reply_text(text);
             });
}

void session_state::jlist(const json&) {
  with_usage({}, [this](const found_processes& found, const std::vector<usage>& used) {
    auto all = json::array();
    for (size_t i = 0; i < found.processes.size(); ++i) {
      const auto& one = found.processes[i];
      const auto env =
          launch_environment(*one.spec, *one.caller, {one.view.id, one.view.gen, one.view.instance, peers_.home});
      all.push_back(rpc::to_jlist({one.view, *one.spec, used[i].cpu, used[i].memory}, env,
                                  resolve_log_paths(*one.spec, one.view.id, peers_.home), peers_.home));
      add_offers(all.back()["pm2_env"], one.offers);
    }
    reply(std::move(all));
  });
}

void session_state::describe(const json& params) {
  with_usage({params.value("target", "")}, [this](const found_processes& found, const std::vector<usage>& used) {
    if (!found.failed.empty()) {
      reply_error(found.failed.front().what);
      return;
    }
    auto all = json::array();
    for (size_t i = 0; i < found.processes.size(); ++i) {
      const auto& one = found.processes[i];
      all.push_back(rpc::to_details({one.view, *one.spec, used[i].cpu, used[i].memory, one.watch_trouble},
                                    resolve_log_paths(*one.spec, one.view.id, peers_.home)));
      add_offers(all.back(), one.offers);
      if (!one.failed_reload.empty())
        all.back()["failed_reload"] = one.failed_reload;
      add_due_times(all.back(), *one.spec);
    }
    reply(std::move(all));
  });
}

void session_state::env(const json& params) {
  const std::string target = params.value("target", "");
  ask_registry<found_processes>(find_processes{{target}}, [this, target](const found_processes& found) {
    if (!found.failed.empty()) {
      reply_error(found.failed.front().what);
      return;
    }
    if (found.processes.size() > 1) {
      reply_error({exit_code::usage, fmt::format("'{}' means {} processes", target, found.processes.size()),
                   "each has an environment of its own: name one by its id"});
      return;
    }
    const auto& one = found.processes.front();
    reply({{"id", static_cast<uint32_t>(one.view.id)},
           {"name", one.spec->name},
           {"environment",
            launch_environment(*one.spec, *one.caller, {one.view.id, one.view.gen, one.view.instance, peers_.home})}});
  });
}

void session_state::events(const json&) {
  self_->spawn<event_stream_impl>(std::make_shared<os::unique_fd>(client_.release()), id_, peers_.registry);
  self_->quit();
}

void session_state::logs(const json& params) {
  ask_registry<found_processes>(find_processes{rpc::texts(params, "targets")}, [this,
                                                                                params](const found_processes& found) {
    if (!found.failed.empty()) {
      reply_error(found.failed.front().what);
      return;
    }
    auto apps = json::array();
    for (const auto& one : found.processes) {
      const auto files = resolve_log_paths(*one.spec, one.view.id, peers_.home);
      apps.push_back({{"id", static_cast<uint32_t>(one.view.id)},
                      {"name", one.spec->name},
                      {"out", to_wire_text(files.out.empty() ? files.log : files.out)},
                      {"error", to_wire_text(files.error.empty() ? files.log : files.error)}});
    }
    const bool journal_only = rpc::flag(params, "journal_only", false);
    const json packet{
        {"op", recorder_wire::op::logs},
        {"request", id_},
        {"lines", rpc::count(params, "lines", 15)},
        {"follow", rpc::flag(params, "follow", true)},
        {"out", rpc::flag(params, "out", true)},
        {"err", rpc::flag(params, "err", true)},
        {"journal", rpc::flag(params, "journal", false)},
        {"all", !journal_only && rpc::texts(params, "targets").empty()},
        {"apps", journal_only ? json::array() : std::move(apps)},
    };
    self_->send(peers_.recorder, recorder_packet{.what = recorder_packet::role::client,
                                                 .json = packet.dump(-1, ' ', false, json::error_handler_t::replace),
                                                 .fds = {std::make_shared<os::unique_fd>(client_.release())}});
    self_->quit();
  });
}

} // namespace procvisor
