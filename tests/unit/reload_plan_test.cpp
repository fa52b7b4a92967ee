#include <doctest/doctest.h>

#include <string>

#include "core/reload_plan.hpp"

using namespace procvisor;

namespace {

/// A reload that is driven through its steps, with the effects of the last event as words.
struct roll {
  reload_plan plan;
  std::string effects;

  roll(std::initializer_list<reload_slot> slots, size_t parallel = 1) : plan{slots, parallel} { on(reload_begun{}); }

  roll& on(const reload_event& event) {
    auto result = step(plan, event);
    plan = std::move(result.plan);
    effects.clear();
    for (const auto& effect : result.effects) {
      if (!effects.empty())
        effects += ", ";
      effects += word(effect);
    }
    return *this;
  }
  static std::string word(const reload_effect& effect) {
    struct {
      static std::string number(process_id id) { return std::to_string(static_cast<uint32_t>(id)); }
      std::string operator()(const start_successor& x) { return "start " + number(x.id); }
      std::string operator()(const let_take_over& x) { return "take over " + number(x.id); }
      std::string operator()(const discard_successor& x) { return "discard " + number(x.id); }
      std::string operator()(const reload_over&) { return "over"; }
    } words;
    return std::visit(words, effect);
  }
};

constexpr process_id zero{0};
constexpr process_id one{1};
constexpr process_id two{2};

} // namespace

TEST_CASE("reload: one slot after the other, each until the old process has left") {
  roll r{{zero, "web"}, {one, "web"}};
  CHECK(r.effects == "start 0");
  CHECK(r.on(successor_ready{zero}).effects == "take over 0");
  CHECK(is_reloading(r.plan, "web"));
  CHECK(r.on(slot_replaced{zero}).effects == "start 1");
  CHECK(r.on(successor_ready{one}).effects == "take over 1");
  CHECK(r.on(slot_replaced{one}).effects == "over");
  CHECK(!is_reloading(r.plan, "web"));
}

TEST_CASE("reload: several at a time, where that is wanted") {
  roll r{{{zero, "web"}, {one, "web"}, {two, "web"}}, 2};
  CHECK(r.effects == "start 0, start 1");
  CHECK(r.on(successor_ready{one}).effects == "take over 1");
  CHECK(r.on(slot_replaced{one}).effects == "start 2");
}

TEST_CASE("reload: the first failure ends it for the app, and for no other") {
  roll r{{{zero, "web"}, {one, "web"}, {two, "mail"}}, 2};
  CHECK(r.on(successor_failed{one}).effects == "discard 1, discard 0, start 2");
  CHECK(r.plan.slots[0].step == slot_step::kept);
  CHECK(r.plan.slots[1].step == slot_step::failed);
  CHECK(r.on(successor_ready{zero}).effects.empty()); // too late
  CHECK(r.on(successor_ready{two}).effects == "take over 2");
  CHECK(r.on(slot_replaced{two}).effects == "over");
}

TEST_CASE("reload: a restart in its place leads to the next slot") {
  roll r{{zero, "web"}, {one, "web"}};
  CHECK(r.on(slot_replaced{zero}).effects == "start 1");
}

TEST_CASE("reload: a later command ends it, but what is leaving leaves") {
  roll r{{{zero, "web"}, {one, "web"}, {two, "web"}}, 2};
  r.on(successor_ready{zero});
  CHECK(r.on(reload_overtaken{"web"}).effects == "discard 1");
  CHECK(r.plan.slots[2].step == slot_step::kept);
  CHECK(is_reloading(r.plan, "web"));
  CHECK(r.on(slot_replaced{zero}).effects == "over");
}

TEST_CASE("reload: one without slots is over at once") {
  CHECK(roll(std::initializer_list<reload_slot>{}).effects == "over");
}
