#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <set>
#include <string>

#include "lifecycle_driver.hpp"

using namespace procvisor;

namespace {

lifecycle_event named(const std::string& name, generation gen) {
  if (name == "start")
    return start_requested{};
  if (name == "restart")
    return restart_requested{};
  if (name == "stop")
    return stop_requested{};
  if (name == "delete")
    return delete_requested{};
  if (name == "reset")
    return reset_requested{};
  if (name == "launched")
    return launched{gen, 200};
  if (name == "launch failed")
    return launch_failed{gen, "no such file", false};
  if (name == "exited")
    return exited{gen, {1, 0}};
  if (name == "ready")
    return became_ready{gen};
  if (name == "trial due")
    return trial_timer_due{gen};
  if (name == "kill due")
    return kill_timer_due{gen};
  if (name == "restart due")
    return restart_timer_due{gen};
  if (name == "adopted, runs")
    return adopted{gen, 200};
  REQUIRE(name == "adopted, gone");
  return adopted{gen, 0};
}

} // namespace

TEST_CASE("lifecycle: every event in every phase") {
  using enum life_phase;
  struct row {
    life_phase from;
    const char* event;
    life_phase to;
    const char* effects;
  };
  // One row for each of the 8 x 14 cells of the table in lifecycle.hpp.
  const row rows[] = {
      {stopped, "start", launching, "launch 1"},
      {stopped, "restart", launching, "launch 1"},
      {stopped, "stop", stopped, "stopped"},
      {stopped, "delete", stopped, "remove, stopped, removed"},
      {stopped, "reset", stopped, ""},
      {stopped, "launched", stopped, ""},
      {stopped, "launch failed", stopped, ""},
      {stopped, "ready", stopped, ""},
      {stopped, "trial due", stopped, ""},
      {stopped, "exited", stopped, ""},
      {stopped, "kill due", stopped, ""},
      {stopped, "restart due", stopped, ""},
      {stopped, "adopted, runs", stopped, ""},
      {stopped, "adopted, gone", stopped, ""},

      {launching, "start", launching, ""},
      {launching, "restart", launching, ""},
      {launching, "stop", launching, "not started 1"},
      {launching, "delete", launching, "not started 1"},
      {launching, "reset", launching, ""},
      {launching, "launched", settling, "executed, trial timer 250"},
      {launching, "launch failed", errored, "not started 4"},
      {launching, "ready", launching, ""},
      {launching, "trial due", launching, ""},
      {launching, "exited", launching, ""},
      {launching, "kill due", launching, ""},
      {launching, "restart due", launching, ""},
      {launching, "adopted, runs", settling, "executed, trial timer 250"},
      {launching, "adopted, gone", launching, "launch 2"},

      {getting_ready, "start", getting_ready, "executed"},
      {getting_ready, "restart", stopping, "terminate, kill timer 1600"},
      {getting_ready, "stop", stopping, "not started 1, terminate, kill timer 1600"},
      {getting_ready, "delete", stopping, "not started 1, terminate, kill timer 1600"},
      {getting_ready, "reset", getting_ready, ""},
      {getting_ready, "launched", getting_ready, ""},
      {getting_ready, "launch failed", getting_ready, ""},
      {getting_ready, "ready", online, "cancel timers, started"},
      {getting_ready, "trial due", online, "not started 5"},
      {getting_ready, "exited", launching, "cancel timers, launch 2, not started 4"},
      {getting_ready, "kill due", getting_ready, ""},
      {getting_ready, "restart due", getting_ready, ""},
      {getting_ready, "adopted, runs", getting_ready, ""},
      {getting_ready, "adopted, gone", launching, "cancel timers, launch 2, not started 4"},

      {settling, "start", settling, "executed"},
      {settling, "restart", stopping, "terminate, kill timer 1600"},
      {settling, "stop", stopping, "not started 1, terminate, kill timer 1600"},
      {settling, "delete", stopping, "not started 1, terminate, kill timer 1600"},
      {settling, "reset", settling, ""},
      {settling, "launched", settling, ""},
      {settling, "launch failed", settling, ""},
      {settling, "ready", settling, ""},
      {settling, "trial due", online, "started"},
      {settling, "exited", launching, "cancel timers, launch 2, not started 4"},
      {settling, "kill due", settling, ""},
      {settling, "restart due", settling, ""},
      {settling, "adopted, runs", settling, ""},
      {settling, "adopted, gone", launching, "cancel timers, launch 2, not started 4"},

      {online, "start", online, "executed, started"},
      {online, "restart", stopping, "terminate, kill timer 1600"},
      {online, "stop", stopping, "terminate, kill timer 1600"},
      {online, "delete", stopping, "terminate, kill timer 1600"},
      {online, "reset", online, ""},
      {online, "launched", online, ""},
      {online, "launch failed", online, ""},
      {online, "ready", online, ""},
      {online, "trial due", online, ""},
      {online, "exited", launching, "cancel timers, launch 2"},
      {online, "kill due", online, ""},
      {online, "restart due", online, ""},
      {online, "adopted, runs", online, ""},
      {online, "adopted, gone", launching, "cancel timers, launch 2"},

      {stopping, "start", stopping, ""},
      {stopping, "restart", stopping, ""},
      {stopping, "stop", stopping, ""},
      {stopping, "delete", stopping, ""},
      {stopping, "reset", stopping, ""},
      {stopping, "launched", stopping, ""},
      {stopping, "launch failed", stopping, ""},
      {stopping, "ready", stopping, ""},
      {stopping, "trial due", stopping, ""},
      {stopping, "exited", stopped, "cancel timers, stopped"},
      {stopping, "kill due", stopping, "kill"},
      {stopping, "restart due", stopping, ""},
      {stopping, "adopted, runs", stopping, "terminate, kill timer 1600"},
      {stopping, "adopted, gone", stopped, "cancel timers, stopped"},

      {waiting_restart, "start", launching, "cancel timers, launch 2"},
      {waiting_restart, "restart", launching, "cancel timers, launch 2"},
      {waiting_restart, "stop", stopped, "cancel timers, stopped"},
      {waiting_restart, "delete", stopped, "cancel timers, remove, stopped, removed"},
      {waiting_restart, "reset", waiting_restart, ""},
      {waiting_restart, "launched", waiting_restart, ""},
      {waiting_restart, "launch failed", waiting_restart, ""},
      {waiting_restart, "ready", waiting_restart, ""},
      {waiting_restart, "trial due", waiting_restart, ""},
      {waiting_restart, "exited", waiting_restart, ""},
      {waiting_restart, "kill due", waiting_restart, ""},
      {waiting_restart, "restart due", launching, "launch 2"},
      {waiting_restart, "adopted, runs", waiting_restart, "restart timer 500"},
      {waiting_restart, "adopted, gone", waiting_restart, "restart timer 500"},

      {errored, "start", launching, "launch 2"},
      {errored, "restart", launching, "launch 2"},
      {errored, "stop", stopped, "stopped"},
      {errored, "delete", stopped, "remove, stopped, removed"},
      {errored, "reset", errored, ""},
      {errored, "launched", errored, ""},
      {errored, "launch failed", errored, ""},
      {errored, "ready", errored, ""},
      {errored, "trial due", errored, ""},
      {errored, "exited", errored, ""},
      {errored, "kill due", errored, ""},
      {errored, "restart due", errored, ""},
      {errored, "adopted, runs", errored, ""},
      {errored, "adopted, gone", errored, ""},
  };
  for (const auto& [from, event, to, effects] : rows) {
    CAPTURE(static_cast<int>(from));
    CAPTURE(event);
    auto d = in_phase(from);
    d.on(named(event, d.state.gen));
    CHECK(static_cast<int>(d.state.phase) == static_cast<int>(to));
    CHECK(d.effects == effects);
  }
}

TEST_CASE("lifecycle: a reset sets the counters to zero, and the limit of early exits counts anew") {
  driver d;
  d.spec.max_restarts = 1;
  d.start().exit().on(launched{d.state.gen, 101});
  REQUIRE(d.state.restarts == 1);
  REQUIRE(d.state.unstable_restarts == 1);

  d.after(50ms).on(reset_requested{});
  CHECK(d.state.restarts == 0);
  CHECK(d.state.unstable_restarts == 0);
  CHECK(d.state.asked_at.wall == d.at().wall);

  d.exit();
  CHECK(d.state.phase == life_phase::launching);
  CHECK(d.state.restarts == 1);
}

TEST_CASE("lifecycle: an event of an earlier generation does nothing") {
  using enum life_phase;
  for (const auto* event : {"launched", "launch failed", "ready", "trial due", "exited", "kill due", "restart due"}) {
    for (const auto phase : {launching, getting_ready, settling, online, stopping, waiting_restart}) {
      CAPTURE(event);
      CAPTURE(static_cast<int>(phase));
      auto d = in_phase(phase);
      d.on(named(event, generation{static_cast<uint64_t>(d.state.gen) - 1}));
      CHECK(d.state.phase == phase);
      CHECK(d.effects.empty());
    }
  }
}

TEST_CASE("lifecycle: while it is stopping, the last command wins") {
  auto d = in_phase(life_phase::stopping);

  SUBCASE("a restart after a stop") {
    d.on(restart_requested{}).exit(0);
    CHECK(d.state.phase == life_phase::launching);
  }
  SUBCASE("a stop after a restart") {
    d.on(restart_requested{}).on(stop_requested{}).exit(0);
    CHECK(d.state.phase == life_phase::stopped);
  }
  SUBCASE("a delete after a stop") {
    d.on(delete_requested{}).exit(0);
    CHECK(d.effects == "cancel timers, remove, stopped, removed");
  }
  SUBCASE("a start after a delete") {
    d.on(delete_requested{}).on(start_requested{}).exit(0);
    CHECK(d.effects == "cancel timers, stopped, launch 2");
  }
}

TEST_CASE(
    "lifecycle: the signals of a stop come one after the other, SIGKILL at their end, and the next stop starts anew") {
  driver d;
  d.spec.kill_signal = {{SIGINT, 10s}, {SIGTERM}};
  d.start().on(stop_requested{});
  CHECK(d.effects == "terminate, kill timer 10000");
  d.on(kill_timer_due{generation{0}}); // of an earlier launch
  CHECK(d.effects.empty());
  d.on(kill_timer_due{d.state.gen});
  CHECK(d.effects == "signal 15, kill timer 1600");
  d.on(kill_timer_due{d.state.gen});
  CHECK(d.effects == "kill");
  d.exit().start().on(stop_requested{});
  CHECK(d.effects == "terminate, kill timer 10000");

  driver at_once;
  at_once.spec.kill_signal = {{SIGKILL}};
  at_once.start().on(stop_requested{});
  CHECK(at_once.effects == "kill");
}

TEST_CASE("lifecycle: what is asked during a launch is done when the launch is over") {
  driver d;
  d.on(start_requested{}).on(stop_requested{}).on(launched{d.state.gen, 100});
  CHECK(d.state.phase == life_phase::stopping);
  CHECK(d.effects == "terminate, kill timer 1600");

  driver failed;
  failed.on(start_requested{}).on(stop_requested{}).on(launch_failed{failed.state.gen, "no such file", false});
  CHECK(failed.state.phase == life_phase::stopped);
}

TEST_CASE("lifecycle: max_restarts restarts are made for early exits, the next one is errored") {
  driver d;
  d.spec.max_restarts = 3;
  d.start();
  for (int i = 0; i < 3; ++i) {
    d.after(10ms).exit();
    CHECK(d.state.phase == life_phase::launching);
    d.on(launched{d.state.gen, 100});
  }
  d.after(10ms).exit();

  CHECK(d.state.phase == life_phase::errored);
  CHECK(d.state.restarts == 3);
  CHECK(d.state.reason == "ended 4 times within 1000 ms of its start; the last time with exit code 1");
}

TEST_CASE("lifecycle: an exit after min_uptime is not an early one") {
  driver d;
  d.spec.max_restarts = 1;
  d.start();
  for (int i = 0; i < 5; ++i) {
    d.after(1000ms).exit();
    CHECK(d.state.phase == life_phase::launching);
    d.on(launched{d.state.gen, 100});
  }
  CHECK(d.state.unstable_restarts == 0);
  CHECK(d.state.restarts == 5);
}

TEST_CASE("lifecycle: a request resets what the policy has counted") {
  driver d;
  d.spec.max_restarts = 1;
  d.start().exit().on(launched{d.state.gen, 100}).exit();
  REQUIRE(d.state.phase == life_phase::errored);

  d.on(start_requested{}).on(launched{d.state.gen, 100}).exit();

  CHECK(d.state.phase == life_phase::launching);
  CHECK(d.state.unstable_restarts == 1);
}

TEST_CASE("lifecycle: the back-off grows by half up to 15 s and starts again after a healthy run") {
  driver d;
  d.spec.exp_backoff_restart_delay = 100ms;
  d.spec.max_restarts = 1000;
  d.start();
  // As PM2 was seen to wait (pm2-behaviour.md, 2).
  for (const int expected : {100, 150, 225, 337, 505, 757, 1135, 1702, 2553, 3829, 5743, 8614, 12921, 15000, 15000}) {
    d.exit();
    CHECK(d.state.phase == life_phase::waiting_restart);
    CHECK(d.state.delay == std::chrono::milliseconds{expected});
    d.after(d.state.delay).on(restart_timer_due{d.state.gen}).on(launched{d.state.gen, 100});
  }
  d.after(30s).exit();
  CHECK(d.state.delay == 100ms);
}

TEST_CASE(
    "lifecycle: an app that ends more than 15 times in 5 minutes is slowed down until it has been well for a minute") {
  driver d;
  d.start();
  for (size_t i = 0; i < most_exits_lately; ++i) {
    d.after(2s).exit();
    REQUIRE(d.state.phase == life_phase::launching);
    d.on(launched{d.state.gen, 100});
  }
  for (const int expected : {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000}) {
    d.after(2s).exit();
    CHECK(d.state.phase == life_phase::waiting_restart);
    CHECK(d.state.delay == std::chrono::milliseconds{expected});
    CHECK(d.state.reason.find("it ends too often") == 0);
    d.after(d.state.delay).on(restart_timer_due{d.state.gen}).on(launched{d.state.gen, 100});
    CHECK(d.state.reason.empty());
  }
  d.after(60s).exit();
  CHECK(d.state.phase == life_phase::launching);
}

TEST_CASE(
    "lifecycle: an app that ends 15 times in each 5 minutes is not slowed down, and a request forgets its exits") {
  driver d;
  d.start();
  for (int i = 0; i < 100; ++i) {
    d.after(20'001ms).exit();
    REQUIRE(d.state.phase == life_phase::launching);
    d.on(launched{d.state.gen, 100});
  }
  CHECK(d.state.recent_exits.size() == most_exits_lately);
  d.on(restart_requested{}).exit();
  CHECK(d.state.recent_exits.empty());
}

TEST_CASE("lifecycle: restart_policy says after which ends an app comes back") {
  const auto phase_after = [](restart_choice choice, exit_status status) {
    driver d;
    d.spec.restart_policy = choice;
    d.start().after(5s).on(exited{d.state.gen, status});
    return d.state.phase;
  };
  CHECK(phase_after(restart_choice::always, {0, 0}) == life_phase::launching);
  CHECK(phase_after(restart_choice::on_failure, {0, 0}) == life_phase::stopped);
  CHECK(phase_after(restart_choice::on_failure, {1, 0}) == life_phase::launching);
  CHECK(phase_after(restart_choice::on_failure, {0, SIGTERM}) == life_phase::launching);
  CHECK(phase_after(restart_choice::never, {1, 0}) == life_phase::stopped);
  CHECK(phase_after(restart_choice::never, {0, SIGKILL}) == life_phase::stopped);
}

TEST_CASE("lifecycle: an app that will not come back says so, whatever its restart_delay") {
  driver d;
  d.spec.restart_delay = 500ms;

  SUBCASE("autorestart is off") {
    d.spec.autorestart = false;
    d.start().exit(3);
    CHECK(d.state.phase == life_phase::stopped);
    CHECK(d.state.reason == "ended with exit code 3, and autorestart is off");
  }
  SUBCASE("a stop exit code") {
    d.spec.stop_exit_codes = {0, 3};
    d.start().exit(3);
    CHECK(d.state.phase == life_phase::stopped);
    CHECK(d.state.reason == "ended with exit code 3, one of its stop_exit_codes");
  }
  SUBCASE("a signal is no exit code 0") {
    d.spec.stop_exit_codes = {0};
    d.start().on(exited{d.state.gen, {0, SIGKILL}});
    CHECK(d.state.phase == life_phase::waiting_restart);
  }
  SUBCASE("over the limit") {
    d.spec.max_restarts = 0;
    d.start().exit();
    CHECK(d.state.phase == life_phase::errored);
  }
}

TEST_CASE("lifecycle: restarts counts automatic restarts and requested ones of a process that ran") {
  driver d;
  d.start();
  CHECK(d.state.restarts == 0);
  d.on(restart_requested{}).exit(0).on(launched{d.state.gen, 100});
  CHECK(d.state.restarts == 1);
  d.after(2s).exit().on(launched{d.state.gen, 100});
  CHECK(d.state.restarts == 2);
  d.on(stop_requested{}).exit(0).on(restart_requested{});
  CHECK(d.state.restarts == 2);
}

TEST_CASE("lifecycle: a shortage makes an automatic launch wait, and one that was asked for fail") {
  driver d;
  d.start().after(2s).exit();
  d.on(launch_failed{d.state.gen, "too many open files", true});
  CHECK(d.state.phase == life_phase::waiting_restart);
  CHECK(d.effects == "restart timer 1000");
  CHECK(d.state.reason == "too many open files");

  driver asked;
  asked.on(start_requested{}).on(launch_failed{asked.state.gen, "too many open files", true});
  CHECK(asked.state.phase == life_phase::errored);
}

TEST_CASE("lifecycle: an adopted wait is over when it would have been, counters and back-off go on") {
  driver d;
  d.spec.exp_backoff_restart_delay = 1000ms;
  d.spec.max_restarts = 5;
  d.start().exit();
  REQUIRE(d.state.delay == 1000ms);
  d.after(300ms).on(adopted{d.state.gen, 0});
  CHECK(d.effects == "restart timer 700");
  d.after(5s).on(adopted{d.state.gen, 0});
  CHECK(d.effects == "restart timer 0");
  d.on(restart_timer_due{d.state.gen}).on(launched{d.state.gen, 101}).exit();
  CHECK(d.state.delay == 1500ms);
  CHECK(d.state.unstable_restarts == 2);
}

TEST_CASE("lifecycle: what was asked before the daemon died is done after it") {
  driver d;
  d.start();
  SUBCASE("a restart whose process has ended meanwhile") {
    d.on(restart_requested{}).on(adopted{d.state.gen, 0});
    CHECK(d.state.phase == life_phase::launching);
    CHECK(d.state.restarts == 1);
  }
  SUBCASE("a delete whose process still runs") {
    d.on(delete_requested{}).on(adopted{d.state.gen, 100});
    CHECK(d.effects == "terminate, kill timer 1600");
    d.exit(0);
    CHECK(d.effects == "cancel timers, remove, stopped, removed");
  }
  SUBCASE("a stop of a launch that never came about") {
    d.exit();
    REQUIRE(d.state.phase == life_phase::launching);
    d.on(stop_requested{}).on(adopted{d.state.gen, 0});
    CHECK(d.state.phase == life_phase::stopped);
    CHECK(d.effects == "stopped");
  }
}

TEST_CASE("lifecycle: an exit that nobody saw is one for the policy, and no exit code 0") {
  driver d;
  d.spec.autorestart = false;
  d.spec.stop_exit_codes = {0};
  d.start().on(adopted{d.state.gen, 0});
  CHECK(d.state.phase == life_phase::stopped);
  CHECK(d.state.reason == "ended with an exit that nobody saw, and autorestart is off");
}

TEST_CASE("lifecycle: any sequence of events ends as last asked for, with one launch at most, and all are answered") {
  std::srand(1);
  const char* const requests[] = {"start", "restart", "stop", "delete"};
  const awaited wanted[] = {awaited::run, awaited::run, awaited::stop, awaited::removal};
  const char* const timers[] = {"kill due", "restart due", "trial due", "ready"};
  for (int run = 0; run < 2000; ++run) {
    driver d;
    d.spec.wait_ready = run % 2 == 0;
    bool is_gone = false;
    int alive = 0;
    std::string last = "start";
    std::set<awaited> waiting{awaited::run};
    const auto on = [&](const lifecycle_event& event) {
      d.on(event);
      for (const auto what : d.answered)
        waiting.erase(what);
      is_gone = d.effects.find("remove,") != std::string::npos;
    };
    on(start_requested{});
    for (int i = 0; i < 40 && !is_gone; ++i) {
      d.after(std::chrono::milliseconds{std::rand() % 3000});
      const int dice = std::rand() % 8;
      if (dice < 4) {
        last = requests[dice];
        waiting.insert(wanted[dice]);
        on(named(last, d.state.gen));
      } else if (d.state.phase == life_phase::launching) {
        on(launched{d.state.gen, 100});
        CHECK(++alive == 1);
      } else if (alive == 1 && dice < 6) {
        --alive;
        on(exited{d.state.gen, {1, 0}});
      } else {
        on(named(timers[std::rand() % 4], d.state.gen));
      }
    }
    // Let what is under way finish.
    for (int i = 0; i < 10 && !is_gone; ++i) {
      if (d.state.phase == life_phase::launching) {
        on(launched{d.state.gen, 100});
        CHECK(++alive == 1);
      } else if (d.state.phase == life_phase::stopping) {
        --alive;
        on(exited{d.after(2s).state.gen, {1, 0}});
      } else {
        on(trial_timer_due{d.state.gen});
      }
    }
    CAPTURE(run);
    CAPTURE(last);
    CHECK(waiting.empty());
    if (is_gone)
      CHECK(last == "delete");
    else if (last == "stop")
      CHECK(d.state.phase == life_phase::stopped);
    CHECK(alive == (d.state.phase == life_phase::online ? 1 : 0));
  }
}

TEST_CASE("lifecycle: a wall clock that is set forwards or backwards changes no decision") {
  const auto life_with = [](std::chrono::hours wall_step) {
    app_spec spec;
    spec.max_restarts = 3;
    spec.exp_backoff_restart_delay = 100ms;
    lifecycle state;
    std::string said;
    std::chrono::milliseconds now{0};
    wall_clock::time_point wall{std::chrono::hours{24 * 365 * 50}};
    const auto on = [&](const lifecycle_event& event) {
      wall += wall_step;
      auto next = step(std::move(state), spec, event, {steady_time{now}, wall});
      state = std::move(next.state);
      for (const auto& effect : next.effects)
        said += driver::word(effect) + ", ";
    };
    on(start_requested{});
    for (int i = 0; i < 12; ++i) {
      on(launched{state.gen, 100});
      now += i % 3 == 0 ? 50ms : 1500ms;
      on(trial_timer_due{state.gen});
      on(exited{state.gen, {1, 0}});
      now += 200ms;
      on(restart_timer_due{state.gen});
      if (state.phase == life_phase::errored)
        on(start_requested{});
    }
    on(stop_requested{});
    on(kill_timer_due{state.gen});
    return said;
  };
  const auto as_it_runs = life_with(0h);

  CHECK(as_it_runs.size() > 500);
  CHECK(life_with(5000h) == as_it_runs);
  CHECK(life_with(-5000h) == as_it_runs);
}

TEST_CASE("lifecycle: each restart is counted by its cause, and the newest cause is known") {
  driver life;
  life.start().exit(3).on(launched{life.state.gen, 101});
  CHECK(life.state.restarts_by == restart_counts{0, 1, 0, 0, 0, 0});
  CHECK(life.state.cause.text == "exit code 3");

  life.on(restart_requested{{restart_kind::watch, "a.js changed"}}).exit(0).on(launched{life.state.gen, 102});
  CHECK(life.state.restarts_by == restart_counts{0, 1, 1, 0, 0, 0});
  CHECK(life.state.cause.text == "a.js changed");

  life.on(restart_requested{}).exit(0).on(launched{life.state.gen, 103});
  CHECK(life.state.restarts_by == restart_counts{1, 1, 1, 0, 0, 0});
  CHECK(life.state.restarts == 3);
  CHECK(life.state.cause.text.empty());

  life.on(restart_requested{{restart_kind::memory, "memory 2M > 1M"}}).on(start_requested{}).exit(0);
  CHECK(life.state.restarts_by == restart_counts{2, 1, 1, 0, 0, 0}); // what was asked last counts

  life.on(reset_requested{});
  CHECK(life.state.restarts_by == restart_counts{});
}
