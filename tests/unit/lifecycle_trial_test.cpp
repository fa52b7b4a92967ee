// When a start has worked, and when it has not.
#include <doctest/doctest.h>

#include <csignal>

#include "lifecycle_driver.hpp"

using namespace procvisor;

namespace {

/// What whoever waits for the start is told; nothing: they wait on, or it has worked.
std::string failure(const lifecycle_step& result) {
  for (const auto& effect : result.effects)
    if (const auto* given = std::get_if<answer>(&effect); given && given->what == awaited::run && given->failure)
      return given->failure->what;
  return {};
}

lifecycle_step ends(const driver& d, exit_status status) {
  return step(d.state, d.spec, exited{d.state.gen, status}, d.at());
}

} // namespace

TEST_CASE("lifecycle: a start has worked when the process is alive for the settle time, or min_uptime if shorter") {
  driver d;
  d.on(start_requested{}).on(launched{d.state.gen, 100});
  CHECK(d.effects == "executed, trial timer 250");

  driver brief;
  brief.spec.min_uptime = 100ms;
  brief.on(start_requested{}).on(launched{brief.state.gen, 100});
  CHECK(brief.effects == "executed, trial timer 100");
}

TEST_CASE("lifecycle: a process that ends within the settle time is a failed start, and its policy goes on") {
  auto d = in_phase(life_phase::settling);
  d.spec.name = "web";
  d.after(80ms);

  SUBCASE("it is started again at once") {
    CHECK(failure(ends(d, {1, 0})) == "'web' ended with exit code 1 after 80 ms; it is started again");
    CHECK(ends(d, {1, 0}).state.phase == life_phase::launching);
  }
  SUBCASE("later") {
    d.spec.restart_delay = 2s;
    CHECK(failure(ends(d, {1, 0})) == "'web' ended with exit code 1 after 80 ms; it is started again in 2000 ms");
  }
  SUBCASE("by a signal") {
    d.spec.autorestart = false;
    CHECK(failure(ends(d, {0, SIGKILL})) == "'web' ended with signal 9 (Killed) after 80 ms");
  }
  SUBCASE("with exit code 0, but it ought to run") {
    CHECK(failure(ends(d, {0, 0})) == "'web' ended with exit code 0 after 80 ms; it is started again");
  }
  SUBCASE("before it was ready") {
    d = in_phase(life_phase::getting_ready);
    d.spec.name = "web";
    d.after(500ms);
    CHECK(failure(ends(d, {1, 0}))
          == "'web' ended with exit code 1 after 500 ms, before it was ready; it is started again");
  }
}

TEST_CASE("lifecycle: an end that was declared is no failed start") {
  auto d = in_phase(life_phase::settling);

  SUBCASE("exit code 0 without autorestart") {
    d.spec.autorestart = false;
    d.exit(0);
    CHECK(d.effects == "cancel timers, started");
  }
  SUBCASE("exit code 0 with restart_policy on-failure") {
    d.spec.restart_policy = restart_choice::on_failure;
    d.exit(0);
    CHECK(d.effects == "cancel timers, started");
  }
  SUBCASE("one of the stop_exit_codes") {
    d.spec.stop_exit_codes = {7};
    d.exit(7);
    CHECK(d.effects == "cancel timers, started");
  }
  SUBCASE("any other code is one, without autorestart too") {
    d.spec.autorestart = false;
    d.exit(7);
    CHECK(d.effects == "cancel timers, not started 4");
  }
  CHECK(d.state.phase == life_phase::stopped);
}

TEST_CASE("lifecycle: an automatic launch is online at once, and a start that comes then waits for what is left") {
  auto d = in_phase(life_phase::online);
  d.exit().on(launched{d.state.gen, 100});
  CHECK(d.state.phase == life_phase::online);
  CHECK(d.effects == "executed");

  d.after(100ms).on(start_requested{});
  CHECK(d.effects == "executed, trial timer 150");
  d.after(150ms).on(trial_timer_due{d.state.gen});
  CHECK(d.effects == "started");
}

TEST_CASE("lifecycle: an app with wait_ready is launching until it says so, whoever launched it") {
  driver d;
  d.spec.wait_ready = true;
  d.spec.listen_timeout = 700ms;
  d.on(start_requested{}).on(launched{d.state.gen, 100});
  CHECK(d.effects == "executed, trial timer 700");
  CHECK(status_of(d.state.phase) == process_status::launching);

  d.on(became_ready{d.state.gen}).after(2s).exit().on(launched{d.state.gen, 100});
  CHECK(d.effects == "executed, trial timer 700");
  CHECK(d.state.phase == life_phase::getting_ready);

  d.after(700ms).on(trial_timer_due{d.state.gen});
  CHECK(d.effects == "not started 5");
  CHECK(d.state.phase == life_phase::online);
  d.on(became_ready{d.state.gen});
  CHECK(d.effects.empty());
}

TEST_CASE("lifecycle: with ready_timeout_action kill what is not ready in time is ended, and counts as an early exit") {
  driver d;
  d.spec.wait_ready = true;
  d.spec.ready_timeout_action = unready_action::kill;
  d.spec.max_restarts = 1;
  d.on(start_requested{}).on(launched{d.state.gen, 100}).after(3s).on(trial_timer_due{d.state.gen});
  CHECK(d.effects == "not started 5, terminate, kill timer 1600");
  CHECK(d.state.phase == life_phase::stopping);
  CHECK(ought_to_run(d.state));

  d.exit(0);
  CHECK(d.state.phase == life_phase::launching);
  CHECK(d.state.cause.text == "not ready within 3000 ms");
  d.on(launched{d.state.gen, 100}).after(3s).on(trial_timer_due{d.state.gen});

  SUBCASE("again and again: it is errored") {
    d.exit(0);
    CHECK(d.state.phase == life_phase::errored);
  }
  SUBCASE("a stop that comes meanwhile wins") {
    d.on(stop_requested{});
    d.exit(0);
    CHECK(d.state.phase == life_phase::stopped);
  }
}

TEST_CASE("lifecycle: a request that a later one overtakes is answered") {
  auto d = in_phase(life_phase::launching);

  SUBCASE("a start by a stop") {
    d.on(stop_requested{});
    CHECK(d.effects == "not started 1");
  }
  SUBCASE("a stop by a start, where nothing was stopped yet") {
    d.on(stop_requested{}).on(start_requested{});
    CHECK(d.effects == "not stopped 1");
  }
  SUBCASE("a delete by a stop") {
    d = in_phase(life_phase::stopping);
    d.on(delete_requested{}).on(stop_requested{});
    CHECK(d.effects == "not removed 1");
  }
  SUBCASE("not a stop by a start, where it is being stopped") {
    d = in_phase(life_phase::stopping);
    d.on(start_requested{});
    CHECK(d.effects.empty());
    d.exit(0);
    CHECK(d.effects == "cancel timers, stopped, launch 2");
  }
}
