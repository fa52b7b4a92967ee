#include <algorithm>

#include <fmt/format.h>

#include "actors/registry.hpp"
#include "core/option_table.hpp"

namespace procvisor {

// Slots keep their numbers: the highest ones are given up first and come back last, so that an app that shards its work
// by NODE_APP_INSTANCE sees the same shards again.

caf::result<outcome> registry_state::on_scale(const scale_app& request) {
  auto gathered = std::make_shared<gathering>(gathering{self_->make_response_promise<outcome>(), {}, 0, false});
  const auto conclude = [&gathered] {
    gathered->is_complete = true;
    deliver_if_complete(gathered);
    return gathered->answer;
  };
  const auto refuse = [&](error why) {
    gathered->so_far.failed.push_back({request.target, std::move(why)});
    return conclude();
  };
  const auto app = app_meant_by(request.target);
  if (!app)
    return refuse(app.error());
  const auto slots = by_slot(*app);
  const auto is_leaving = [this](process_id id) { return processes_.at(id).is_leaving; };
  const auto count = slots.size() - static_cast<size_t>(std::ranges::count_if(slots, is_leaving));
  const auto wanted = wanted_count(request, *app, count);
  if (!wanted)
    return refuse(wanted.error());

  for (const auto id : slots) {
    const auto& listed = processes_.at(id).listed;
    auto spec = std::make_shared<app_spec>(*listed.spec);
    spec->instances = static_cast<int>(*wanted);
    declare(id, spec, listed.caller);
  }
  auto excess = count - std::min(count, *wanted);
  for (auto id = slots.rbegin(); excess > 0; ++id)
    if (!is_leaving(*id)) {
      ask(*id, app_request{app_verb::remove}, gathered);
      --excess;
    }
  auto missing = *wanted - std::min(count, *wanted);
  for (const auto id : slots)
    if (missing > 0 && is_leaving(id)) { // what was asked last wins
      ask(id, app_request{app_verb::start}, gathered);
      --missing;
    }
  const auto first = processes_.at(slots.front()).listed;
  for (const int slot : free_slots(*app, missing))
    ask(add(first.spec, first.caller, slot), app_request{app_verb::start}, gathered);
  return conclude();
}

result<std::string> registry_state::app_meant_by(const std::string& target) const {
  const auto meant = resolve_target(target, targetables());
  if (!meant)
    return fail(meant.error());
  const auto& app = processes_.at(meant->front()).listed.spec->name;
  for (const auto id : *meant)
    if (const auto& other = processes_.at(id).listed.spec->name; other != app)
      return fail(exit_code::usage, fmt::format("'{}' means more than one app: '{}', '{}'", target, app, other),
                  "name one of them");
  return app;
}

result<size_t> registry_state::wanted_count(const scale_app& request, const std::string& app, size_t now) const {
  const auto wanted = (request.is_relative ? static_cast<int64_t>(now) : 0) + request.amount;
  if (wanted < 1)
    return fail(exit_code::usage, fmt::format("'{}' has {} processes, and at least one has to stay", app, now),
                "procvisor stop ends all of them, procvisor delete takes them off the list");
  if (const auto most = option_of(&app_spec::instances).max; wanted > most)
    return fail(exit_code::usage, fmt::format("'{}' cannot have {} processes: {} is the limit", app, wanted, most));
  return static_cast<size_t>(wanted);
}

std::vector<process_id> registry_state::by_slot(const std::string& app) const {
  auto ids = with_name(app);
  std::ranges::stable_sort(ids, {}, [this](process_id id) { return processes_.at(id).listed.view.instance; });
  return ids;
}

} // namespace procvisor
