#include "core/reload_plan.hpp"

#include <algorithm>

namespace procvisor {

namespace {

bool is_under_way(const reload_slot& slot) {
  return slot.step == slot_step::starting || slot.step == slot_step::leaving;
}

bool is_open(const reload_slot& slot) {
  return slot.step == slot_step::waiting || is_under_way(slot);
}

/// One step under way: handles the event and collects the effects.
class planner {
public:
  planner(reload_plan& plan, std::vector<reload_effect>& effects) : plan_(plan), effects_(effects) {}

  void operator()(const reload_begun&) { go_on(); }

  void operator()(const successor_ready& event) {
    if (auto* slot = find(event.id, slot_step::starting)) {
      slot->step = slot_step::leaving;
      effects_.emplace_back(let_take_over{event.id});
    }
  }

  void operator()(const successor_failed& event) {
    auto* slot = find(event.id, slot_step::starting);
    if (slot == nullptr)
      return;
    slot->step = slot_step::failed;
    effects_.emplace_back(discard_successor{event.id});
    keep_what_serves(slot->app);
    go_on();
  }

  void operator()(const slot_replaced& event) {
    for (const auto from : {slot_step::starting, slot_step::leaving})
      if (auto* slot = find(event.id, from)) {
        slot->step = slot_step::done;
        go_on();
        return;
      }
  }

  void operator()(const reload_overtaken& event) {
    keep_what_serves(event.app);
    go_on();
  }

private:
  reload_slot* find(process_id id, slot_step step) {
    const auto at =
        std::ranges::find_if(plan_.slots, [&](const auto& one) { return one.id == id && one.step == step; });
    return at == plan_.slots.end() ? nullptr : &*at;
  }

  void keep_what_serves(const std::string& app) {
    for (auto& slot : plan_.slots) {
      if (slot.app != app)
        continue;
      if (slot.step == slot_step::starting)
        effects_.emplace_back(discard_successor{slot.id});
      if (slot.step == slot_step::starting || slot.step == slot_step::waiting)
        slot.step = slot_step::kept;
    }
  }

  void go_on() {
    if (std::ranges::none_of(plan_.slots, is_open)) {
      effects_.emplace_back(reload_over{});
      return;
    }
    auto room = plan_.parallel
                - std::min(plan_.parallel, static_cast<size_t>(std::ranges::count_if(plan_.slots, is_under_way)));
    for (auto& slot : plan_.slots) {
      if (room == 0)
        return;
      if (slot.step != slot_step::waiting)
        continue;
      slot.step = slot_step::starting;
      effects_.emplace_back(start_successor{slot.id});
      --room;
    }
  }

  reload_plan& plan_;
  std::vector<reload_effect>& effects_;
};

} // namespace

reload_result step(reload_plan plan, const reload_event& event) {
  reload_result result{std::move(plan), {}};
  std::visit(planner{result.plan, result.effects}, event);
  return result;
}

bool is_reloading(const reload_plan& plan, std::string_view app) {
  return std::ranges::any_of(plan.slots, [app](const auto& one) { return one.app == app && is_open(one); });
}

} // namespace procvisor
