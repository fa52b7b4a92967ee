#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "core/lifecycle.hpp"

namespace procvisor {

using namespace std::chrono_literals;

/// A process that is driven through its life, with the effects of the last event as words.
struct driver {
  app_spec spec;
  lifecycle state;
  std::chrono::milliseconds now{0};
  std::string effects;
  std::vector<awaited> answered; ///< whoever waits for this

  driver() { spec.kill_timeout = 1600ms; }

  moment at() const { return {steady_time{now}, wall_clock::time_point{now}}; }

  driver& on(const lifecycle_event& event) {
    auto result = step(state, spec, event, at());
    state = result.state;
    effects.clear();
    answered.clear();
    for (const auto& effect : result.effects) {
      if (!effects.empty())
        effects += ", ";
      effects += word(effect);
      if (const auto* given = std::get_if<answer>(&effect))
        answered.push_back(given->what);
    }
    return *this;
  }
  driver& after(std::chrono::milliseconds time) {
    now += time;
    return *this;
  }
  driver& start() { return on(start_requested{}).on(launched{state.gen, 100}).on(trial_timer_due{state.gen}); }
  driver& exit(int code = 1) { return on(exited{state.gen, {code, 0}}); }

  static std::string word(const lifecycle_effect& effect) {
    struct {
      std::string operator()(const launch& x) { return "launch " + std::to_string(static_cast<uint64_t>(x.gen)); }
      std::string operator()(const terminate& x) {
        return x.signal == SIGINT ? "terminate" : "signal " + std::to_string(x.signal);
      }
      std::string operator()(const kill_now&) { return "kill"; }
      std::string operator()(const let_finish& x) { return x.with_message ? "let finish by message" : "let finish"; }
      std::string operator()(const start_trial_timer& x) { return "trial timer " + std::to_string(x.after.count()); }
      std::string operator()(const start_kill_timer& x) { return "kill timer " + std::to_string(x.after.count()); }
      std::string operator()(const start_restart_timer& x) {
        return "restart timer " + std::to_string(x.after.count());
      }
      std::string operator()(const cancel_timers&) { return "cancel timers"; }
      std::string operator()(const remove_process&) { return "remove"; }
      std::string operator()(const answer& x) {
        const char* const happened[] = {"executed", "started", "stopped", "removed"};
        const std::string what = happened[static_cast<size_t>(x.what)];
        return x.failure ? "not " + what + " " + std::to_string(static_cast<int>(x.failure->code)) : what;
      }
    } words;
    return std::visit(words, effect);
  }
};

/// A process in each phase, reached as it is in life.
inline driver in_phase(life_phase phase) {
  driver d;
  switch (phase) {
    case life_phase::stopped:
      break;
    case life_phase::launching:
      d.on(start_requested{});
      break;
    case life_phase::getting_ready:
      d.spec.wait_ready = true;
      d.on(start_requested{}).on(launched{d.state.gen, 100});
      break;
    case life_phase::settling:
      d.on(start_requested{}).on(launched{d.state.gen, 100});
      break;
    case life_phase::online:
      d.start().after(1h);
      break;
    case life_phase::stopping:
      d.start().on(stop_requested{});
      break;
    case life_phase::waiting_restart:
      d.spec.restart_delay = 500ms;
      d.start().exit();
      break;
    case life_phase::errored:
      d.spec.max_restarts = 0;
      d.start().exit();
      break;
  }
  REQUIRE(d.state.phase == phase);
  return d;
}

} // namespace procvisor
