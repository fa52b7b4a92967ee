#include "core/process_event.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace procvisor {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

bool is_launch(const lifecycle& before, const lifecycle& after) {
  return after.phase == life_phase::launching && (before.phase != life_phase::launching || before.gen != after.gen);
}

bool came_to(life_phase phase, const lifecycle& before, const lifecycle& after) {
  return after.phase == phase && before.phase != phase;
}

} // namespace

std::string_view to_string(happening what) noexcept {
  switch (what) {
    case happening::start:
      return "start";
    case happening::restart:
      return "restart";
    case happening::online:
      return "online";
    case happening::exit:
      return "exit";
    case happening::stop:
      return "stop";
    case happening::waiting_restart:
      return "waiting restart";
    case happening::restart_overlimit:
      return "restart overlimit";
    case happening::errored:
      return "errored";
    case happening::reload:
      return "reload";
    case happening::remove:
      return "delete";
  }
  return "";
}

std::vector<happening> happenings(const lifecycle& before, const lifecycle& after) {
  std::vector<happening> all;
  const bool has_ended = before.pid != 0 && after.pid != before.pid;
  if (has_ended)
    all.push_back(happening::exit);
  if (is_launch(before, after))
    all.push_back(after.restarts > before.restarts ? happening::restart : happening::start);
  const auto is_online = [](const lifecycle& state) { return status_of(state.phase) == process_status::online; };
  if (is_online(after) && (!is_online(before) || before.gen != after.gen))
    all.push_back(happening::online);
  if (came_to(life_phase::waiting_restart, before, after))
    all.push_back(happening::waiting_restart);
  if (came_to(life_phase::stopped, before, after))
    all.push_back(happening::stop);
  if (came_to(life_phase::errored, before, after))
    all.push_back(has_ended && before.trial == takeover::none ? happening::restart_overlimit : happening::errored);
  return all;
}

bool is_unasked(const lifecycle& before) noexcept {
  return before.phase != life_phase::stopping;
}

nlohmann::json describe_event(happening what, const app_spec& spec, process_id id, int instance,
                              const lifecycle& before, const lifecycle& after, moment now) {
  const auto& of = what == happening::exit ? before : after;
  nlohmann::json event{
      {"event", to_string(what)},
      {"at", duration_cast<milliseconds>(now.wall.time_since_epoch()).count()},
      {"id", static_cast<uint32_t>(id)},
      {"name", spec.name},
      {"namespace", spec.name_space},
      {"instance", instance},
      {"generation", static_cast<uint64_t>(of.gen)},
      {"pid", of.pid},
      {"status", to_string(status_of(after.phase))},
      {"restarts", after.restarts},
  };
  if (what == happening::exit) {
    event["exit_code"] = after.last_exit.code;
    event["exit_signal"] = after.last_exit.signal;
    event["uptime"] =
        std::max(duration_cast<milliseconds>(now.steady - before.started_at.steady), milliseconds{0}).count();
    event["manually"] = !is_unasked(before);
  }
  if (what == happening::restart) {
    event["cause"] = to_string(after.cause.kind);
    event["manually"] = after.cause.kind == restart_kind::command;
    if (!after.cause.text.empty())
      event["reason"] = after.cause.text;
  }
  if (what == happening::waiting_restart)
    event["delay"] = after.delay.count();
  if (what != happening::restart && what != happening::exit && !after.reason.empty())
    event["reason"] = after.reason;
  return event;
}

} // namespace procvisor
