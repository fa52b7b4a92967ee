#include "lifecycle_driver.hpp"

using namespace procvisor;

namespace {

driver successor(bool must_be_ready) {
  driver d;
  d.spec.name = "web";
  d.state.gen = generation{4};
  d.on(takeover_requested{must_be_ready});
  return d;
}

} // namespace

TEST_CASE("lifecycle: a successor takes over when it listens") {
  auto d = successor(true);
  CHECK(d.effects == "launch 5");
  CHECK(d.on(launched{d.state.gen, 100}).effects == "executed, trial timer 3000");
  CHECK(status_of(d.state.phase) == process_status::launching);
  CHECK(d.on(became_ready{d.state.gen}).state.phase == life_phase::online);

  d = successor(true);
  d.on(launched{d.state.gen, 100});
  CHECK(d.on(started_listening{generation{4}}).effects.empty()); // of another launch
  CHECK(d.on(started_listening{d.state.gen}).effects == "cancel timers, started");
  CHECK(d.state.phase == life_phase::online);
  CHECK(d.state.is_listening);
  CHECK(d.exit().effects == "cancel timers, launch 6"); // from now on its policy counts
}

TEST_CASE("lifecycle: with wait_ready it is not enough that a successor listens") {
  auto d = successor(true);
  d.spec.wait_ready = true;
  d.on(launched{d.state.gen, 100});
  CHECK(d.on(started_listening{d.state.gen}).effects.empty());
  CHECK(d.on(became_ready{d.state.gen}).effects == "cancel timers, started");
}

TEST_CASE("lifecycle: one that ends on its trial has failed, and is not started again") {
  for (const int code : {0, 1}) {
    auto d = successor(false);
    d.on(launched{d.state.gen, 100}).after(80ms);
    CHECK(d.exit(code).effects == "cancel timers, not started 4");
    CHECK(d.state.phase == life_phase::errored);
    CHECK(d.state.reason
          == "'web' ended with exit code " + std::to_string(code) + " after 80 ms, before it could take over");
    CHECK(d.on(delete_requested{}).effects == "remove, stopped, removed");
  }
}

TEST_CASE("lifecycle: a successor of what never listened is ready when it is alive after listen_timeout") {
  auto d = successor(false);
  d.on(launched{d.state.gen, 100});
  CHECK(d.on(trial_timer_due{d.state.gen}).effects == "started");

  d = successor(true);
  d.on(launched{d.state.gen, 100});
  CHECK(d.on(trial_timer_due{d.state.gen}).effects == "not started 5");
  CHECK(d.on(delete_requested{}).effects == "not started 1, terminate, kill timer 1600");
}

TEST_CASE("lifecycle: what has been replaced has its time to finish, then it is stopped") {
  auto d = in_phase(life_phase::online);
  CHECK(d.on(retire_requested{true}).effects == "let finish by message, kill timer 8000");
  CHECK(d.state.phase == life_phase::stopping);
  CHECK(d.on(kill_timer_due{d.state.gen}).effects == "terminate, kill timer 1600");
  CHECK(d.on(kill_timer_due{d.state.gen}).effects == "kill");
  CHECK(d.exit().effects == "cancel timers, remove, stopped, removed");
}

TEST_CASE("lifecycle: a delete cuts the time short that what was replaced has to finish") {
  auto d = in_phase(life_phase::online);
  d.on(retire_requested{});
  CHECK(d.effects == "let finish, kill timer 8000");
  CHECK(d.on(delete_requested{}).effects == "terminate, kill timer 1600");
  CHECK(d.on(delete_requested{}).effects.empty()); // it is being stopped now
}

TEST_CASE("lifecycle: what is down when it has been replaced is gone at once") {
  for (const auto phase : {life_phase::stopped, life_phase::errored}) {
    auto d = in_phase(phase);
    CHECK(d.on(retire_requested{}).effects == "remove, stopped, removed");
  }
  auto waiting = in_phase(life_phase::waiting_restart);
  CHECK(waiting.on(retire_requested{}).effects == "cancel timers, remove, stopped, removed");
  auto launching = in_phase(life_phase::launching);
  launching.on(retire_requested{});
  CHECK(launching.on(launched{launching.state.gen, 7}).effects == "terminate, kill timer 1600");
}

TEST_CASE("lifecycle: a generation that the other lifecycle of a slot has used is not used again") {
  auto d = in_phase(life_phase::online);
  const auto gen = static_cast<uint64_t>(d.state.gen);
  d.state.newest = generation{gen + 1};
  d.exit();
  CHECK(static_cast<uint64_t>(d.state.gen) == gen + 2);
  CHECK(newest_of(d.state) == d.state.gen);
}
