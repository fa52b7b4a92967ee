#include "lifecycle_driver.hpp"

#include <nlohmann/json.hpp>

#include "core/process_event.hpp"

using namespace procvisor;

namespace {

/// A life, and what those who follow it hear of each step.
struct followed : driver {
  std::string heard;
  lifecycle before;

  followed& hears(const lifecycle_event& event) {
    before = state;
    on(event);
    heard.clear();
    for (const auto what : happenings(before, state))
      heard += (heard.empty() ? "" : ", ") + std::string{to_string(what)};
    return *this;
  }
};

} // namespace

TEST_CASE("process event: a life from start to delete, in the words of PM2") {
  followed life;
  CHECK(life.hears(start_requested{}).heard == "start");
  CHECK(life.hears(launched{life.state.gen, 100}).heard == "online");
  CHECK(life.hears(trial_timer_due{life.state.gen}).heard == "");
  CHECK(life.hears(exited{life.state.gen, {1, 0}}).heard == "exit, restart");
  CHECK(life.hears(launched{life.state.gen, 101}).heard == "online");
  CHECK(life.hears(restart_requested{}).heard == "");
  CHECK(life.hears(exited{life.state.gen, {0, 0}}).heard == "exit, restart");
  CHECK(life.hears(launched{life.state.gen, 102}).heard == "online");
  CHECK(life.hears(stop_requested{}).heard == "");
  CHECK(life.hears(exited{life.state.gen, {0, 0}}).heard == "exit, stop");
  CHECK(life.hears(start_requested{}).heard == "start");
}

TEST_CASE("process event: a wait, too many early exits and a launch that failed have words of their own") {
  followed life;
  life.spec.restart_delay = 500ms;
  life.spec.max_restarts = 1;
  life.start();
  CHECK(life.hears(exited{life.state.gen, {1, 0}}).heard == "exit, waiting restart");
  CHECK(life.hears(restart_timer_due{life.state.gen}).heard == "restart");
  life.on(launched{life.state.gen, 100});
  CHECK(life.hears(exited{life.state.gen, {1, 0}}).heard == "exit, restart overlimit");
  life.on(start_requested{});
  CHECK(life.hears(launch_failed{life.state.gen, "no such file"}).heard == "errored");
}

TEST_CASE("process event: an exit tells of the launch that has ended, and who wanted it") {
  followed life;
  life.spec.name = "web";
  life.start().after(1500ms);
  life.hears(exited{life.state.gen, {0, 9}});
  const auto exit = describe_event(happening::exit, life.spec, process_id{3}, 1, life.before, life.state, life.at());
  CHECK(exit.at("generation") == 1);
  CHECK(exit.at("pid") == 100);
  CHECK(exit.at("uptime") == 1500);
  CHECK(exit.at("exit_signal") == 9);
  CHECK(exit.at("manually") == false);
  const auto again =
      describe_event(happening::restart, life.spec, process_id{3}, 1, life.before, life.state, life.at());
  CHECK(again.at("generation") == 2);
  CHECK(again.at("cause") == "exit");
  CHECK(again.at("reason") == "signal 9 (Killed)");
  CHECK(again.at("restarts") == 1);
}
