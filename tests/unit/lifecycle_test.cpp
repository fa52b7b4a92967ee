#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "core/lifecycle.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

/// A process that is driven through its life, with the effects of the last event as words.
struct driver {
  app_spec spec;
  lifecycle state;
  std::chrono::milliseconds now{0};
  std::string effects;

  driver() { spec.kill_timeout = 1600ms; }

  moment at() const { return {steady_time{now}, wall_clock::time_point{now}}; }

  driver& on(const lifecycle_event& event) {
    auto result = step(state, spec, event, at());
    state = result.state;
    effects.clear();
    for (const auto& effect : result.effects) {
      if (!effects.empty())
        effects += ", ";
      effects += word(effect);
    }
    return *this;
  }
  driver& after(std::chrono::milliseconds time) {
    now += time;
    return *this;
  }
  driver& start() { return on(start_requested{}).on(launched{state.gen, 100}); }
  driver& exit(int code = 1) { return on(exited{state.gen, {code, 0}}); }

  static std::string word(const lifecycle_effect& effect) {
    struct {
      std::string operator()(const launch& x) { return "launch " + std::to_string(static_cast<uint64_t>(x.gen)); }
      std::string operator()(const terminate& x) {
        return x.signal == SIGINT ? "terminate" : "signal " + std::to_string(x.signal);
      }
      std::string operator()(const kill_now&) { return "kill"; }
      std::string operator()(const start_kill_timer& x) { return "kill timer " + std::to_string(x.after.count()); }
      std::string operator()(const start_restart_timer& x) {
        return "restart timer " + std::to_string(x.after.count());
      }
      std::string operator()(const cancel_timers&) { return "cancel timers"; }
      std::string operator()(const remove_process&) { return "remove"; }
    } words;
    return std::visit(words, effect);
  }
};

/// A process in each status, reached as it is in life.
driver in_status(process_status status) {
  driver d;
  switch (status) {
    case process_status::stopped:
      break;
    case process_status::launching:
      d.on(start_requested{});
      break;
    case process_status::online:
      d.start();
      break;
    case process_status::stopping:
      d.start().on(stop_requested{});
      break;
    case process_status::waiting_restart:
      d.spec.restart_delay = 500ms;
      d.start().exit();
      break;
    case process_status::errored:
      d.spec.max_restarts = 0;
      d.start().exit();
      break;
  }
  REQUIRE(d.state.status == status);
  return d;
}

lifecycle_event named(const std::string& name, generation gen) {
  if (name == "start")
    return start_requested{};
  if (name == "restart")
    return restart_requested{};
  if (name == "stop")
    return stop_requested{};
  if (name == "delete")
    return delete_requested{};
  if (name == "launched")
    return launched{gen, 200};
  if (name == "launch failed")
    return launch_failed{gen, "no such file", false};
  if (name == "exited")
    return exited{gen, {1, 0}};
  if (name == "kill due")
    return kill_timer_due{gen};
  REQUIRE(name == "restart due");
  return restart_timer_due{gen};
}

} // namespace

TEST_CASE("lifecycle: every event in every status") {
  using enum process_status;
  struct row {
    process_status from;
    const char* event;
    process_status to;
    const char* effects;
  };
  // One row for each of the 6 x 9 cells of the table in lifecycle.hpp.
  const row rows[] = {
      {stopped, "start", launching, "launch 1"},
      {stopped, "restart", launching, "launch 1"},
      {stopped, "stop", stopped, ""},
      {stopped, "delete", stopped, "remove"},
      {stopped, "launched", stopped, ""},
      {stopped, "launch failed", stopped, ""},
      {stopped, "exited", stopped, ""},
      {stopped, "kill due", stopped, ""},
      {stopped, "restart due", stopped, ""},

      {launching, "start", launching, ""},
      {launching, "restart", launching, ""},
      {launching, "stop", launching, ""},
      {launching, "delete", launching, ""},
      {launching, "launched", online, ""},
      {launching, "launch failed", errored, ""},
      {launching, "exited", launching, ""},
      {launching, "kill due", launching, ""},
      {launching, "restart due", launching, ""},

      {online, "start", online, ""},
      {online, "restart", stopping, "terminate, kill timer 1600"},
      {online, "stop", stopping, "terminate, kill timer 1600"},
      {online, "delete", stopping, "terminate, kill timer 1600"},
      {online, "launched", online, ""},
      {online, "launch failed", online, ""},
      {online, "exited", launching, "cancel timers, launch 2"},
      {online, "kill due", online, ""},
      {online, "restart due", online, ""},

      {stopping, "start", stopping, ""},
      {stopping, "restart", stopping, ""},
      {stopping, "stop", stopping, ""},
      {stopping, "delete", stopping, ""},
      {stopping, "launched", stopping, ""},
      {stopping, "launch failed", stopping, ""},
      {stopping, "exited", stopped, "cancel timers"},
      {stopping, "kill due", stopping, "kill"},
      {stopping, "restart due", stopping, ""},

      {waiting_restart, "start", launching, "cancel timers, launch 2"},
      {waiting_restart, "restart", launching, "cancel timers, launch 2"},
      {waiting_restart, "stop", stopped, "cancel timers"},
      {waiting_restart, "delete", stopped, "cancel timers, remove"},
      {waiting_restart, "launched", waiting_restart, ""},
      {waiting_restart, "launch failed", waiting_restart, ""},
      {waiting_restart, "exited", waiting_restart, ""},
      {waiting_restart, "kill due", waiting_restart, ""},
      {waiting_restart, "restart due", launching, "launch 2"},

      {errored, "start", launching, "launch 2"},
      {errored, "restart", launching, "launch 2"},
      {errored, "stop", stopped, ""},
      {errored, "delete", stopped, "remove"},
      {errored, "launched", errored, ""},
      {errored, "launch failed", errored, ""},
      {errored, "exited", errored, ""},
      {errored, "kill due", errored, ""},
      {errored, "restart due", errored, ""},
  };
  for (const auto& [from, event, to, effects] : rows) {
    CAPTURE(to_string(from));
    CAPTURE(event);
    auto d = in_status(from);
    d.on(named(event, d.state.gen));
    CHECK(to_string(d.state.status) == to_string(to));
    CHECK(d.effects == effects);
  }
}

TEST_CASE("lifecycle: an event of an earlier generation does nothing") {
  for (const auto* event : {"launched", "launch failed", "exited", "kill due", "restart due"}) {
    for (const auto status : {process_status::launching, process_status::online, process_status::stopping,
                              process_status::waiting_restart}) {
      CAPTURE(event);
      CAPTURE(to_string(status));
      auto d = in_status(status);
      d.on(named(event, generation{static_cast<uint64_t>(d.state.gen) - 1}));
      CHECK(d.state.status == status);
      CHECK(d.effects.empty());
    }
  }
}

TEST_CASE("lifecycle: while it is stopping, the last command wins") {
  auto d = in_status(process_status::stopping);

  SUBCASE("a restart after a stop") {
    d.on(restart_requested{}).exit(0);
    CHECK(d.state.status == process_status::launching);
  }
  SUBCASE("a stop after a restart") {
    d.on(restart_requested{}).on(stop_requested{}).exit(0);
    CHECK(d.state.status == process_status::stopped);
  }
  SUBCASE("a delete after a stop") {
    d.on(delete_requested{}).exit(0);
    CHECK(d.effects == "cancel timers, remove");
  }
  SUBCASE("a start after a delete") {
    d.on(delete_requested{}).on(start_requested{}).exit(0);
    CHECK(d.effects == "cancel timers, launch 2");
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
  d.exit().on(start_requested{}).on(launched{d.state.gen, 101}).on(stop_requested{});
  CHECK(d.effects == "terminate, kill timer 10000");

  driver at_once;
  at_once.spec.kill_signal = {{SIGKILL}};
  at_once.start().on(stop_requested{});
  CHECK(at_once.effects == "kill");
}

TEST_CASE("lifecycle: what is asked during a launch is done when the launch is over") {
  driver d;
  d.on(start_requested{}).on(stop_requested{}).on(launched{d.state.gen, 100});
  CHECK(d.state.status == process_status::stopping);
  CHECK(d.effects == "terminate, kill timer 1600");

  driver failed;
  failed.on(start_requested{}).on(stop_requested{}).on(launch_failed{failed.state.gen, "no such file", false});
  CHECK(failed.state.status == process_status::stopped);
}

TEST_CASE("lifecycle: max_restarts restarts are made for early exits, the next one is errored") {
  driver d;
  d.spec.max_restarts = 3;
  d.start();
  for (int i = 0; i < 3; ++i) {
    d.after(10ms).exit();
    CHECK(d.state.status == process_status::launching);
    d.on(launched{d.state.gen, 100});
  }
  d.after(10ms).exit();

  CHECK(d.state.status == process_status::errored);
  CHECK(d.state.restarts == 3);
  CHECK(d.state.reason == "ended 4 times within 1000 ms of its start; the last time with exit code 1");
}

TEST_CASE("lifecycle: an exit after min_uptime is not an early one") {
  driver d;
  d.spec.max_restarts = 1;
  d.start();
  for (int i = 0; i < 5; ++i) {
    d.after(1000ms).exit();
    CHECK(d.state.status == process_status::launching);
    d.on(launched{d.state.gen, 100});
  }
  CHECK(d.state.unstable_restarts == 0);
  CHECK(d.state.restarts == 5);
}

TEST_CASE("lifecycle: a request resets what the policy has counted") {
  driver d;
  d.spec.max_restarts = 1;
  d.start().exit().on(launched{d.state.gen, 100}).exit();
  REQUIRE(d.state.status == process_status::errored);

  d.on(start_requested{}).on(launched{d.state.gen, 100}).exit();

  CHECK(d.state.status == process_status::launching);
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
    CHECK(d.state.status == process_status::waiting_restart);
    CHECK(d.state.delay == std::chrono::milliseconds{expected});
    d.after(d.state.delay).on(restart_timer_due{d.state.gen}).on(launched{d.state.gen, 100});
  }
  d.after(30s).exit();
  CHECK(d.state.delay == 100ms);
}

TEST_CASE("lifecycle: an app that will not come back says so, whatever its restart_delay") {
  driver d;
  d.spec.restart_delay = 500ms;

  SUBCASE("autorestart is off") {
    d.spec.autorestart = false;
    d.start().exit(3);
    CHECK(d.state.status == process_status::stopped);
    CHECK(d.state.reason == "ended with exit code 3, and autorestart is off");
  }
  SUBCASE("a stop exit code") {
    d.spec.stop_exit_codes = {0, 3};
    d.start().exit(3);
    CHECK(d.state.status == process_status::stopped);
    CHECK(d.state.reason == "ended with exit code 3, one of its stop_exit_codes");
  }
  SUBCASE("a signal is no exit code 0") {
    d.spec.stop_exit_codes = {0};
    d.start().on(exited{d.state.gen, {0, SIGKILL}});
    CHECK(d.state.status == process_status::waiting_restart);
  }
  SUBCASE("over the limit") {
    d.spec.max_restarts = 0;
    d.start().exit();
    CHECK(d.state.status == process_status::errored);
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
  CHECK(d.state.status == process_status::waiting_restart);
  CHECK(d.effects == "restart timer 1000");
  CHECK(d.state.reason == "too many open files");

  driver asked;
  asked.on(start_requested{}).on(launch_failed{asked.state.gen, "too many open files", true});
  CHECK(asked.state.status == process_status::errored);
}

TEST_CASE("lifecycle: any sequence of events ends in the status last asked for, with at most one launch under way") {
  std::srand(1);
  const char* const requests[] = {"start", "restart", "stop", "delete"};
  for (int run = 0; run < 2000; ++run) {
    driver d;
    bool is_gone = false;
    int alive = 0;
    std::string last = "start";
    d.on(start_requested{});
    for (int i = 0; i < 40 && !is_gone; ++i) {
      d.after(std::chrono::milliseconds{std::rand() % 3000});
      const int dice = std::rand() % 8;
      if (dice < 4) {
        last = requests[dice];
        d.on(named(last, d.state.gen));
      } else if (d.state.status == process_status::launching) {
        d.on(launched{d.state.gen, 100});
        CHECK(++alive == 1);
      } else if (alive == 1 && dice < 6) {
        --alive;
        d.exit();
      } else {
        d.on(named(dice == 6 ? "kill due" : "restart due", d.state.gen));
      }
      is_gone = d.effects.find("remove") != std::string::npos;
    }
    // Let what is under way finish.
    for (int i = 0; i < 10 && !is_gone && !is_settled(d.state); ++i) {
      if (d.state.status == process_status::launching) {
        d.on(launched{d.state.gen, 100});
        CHECK(++alive == 1);
      } else {
        --alive;
        d.after(2s).exit();
      }
      is_gone = d.effects.find("remove") != std::string::npos;
    }
    CAPTURE(run);
    CAPTURE(last);
    if (is_gone)
      CHECK(last == "delete");
    else if (last == "stop")
      CHECK(d.state.status == process_status::stopped);
    CHECK(alive == (d.state.status == process_status::online ? 1 : 0));
  }
}
