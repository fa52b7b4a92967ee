#include "actors/cron_scheduler.hpp"

#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

constexpr sys_second midnight{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

/// The clock on the wall, which only the test moves.
struct fake_wall {
  sys_second now = midnight;
  std::optional<sys_second> alarm;
  size_t times_set = 0;
};

class fake_alarm : public wall_alarm {
public:
  explicit fake_alarm(fake_wall& wall) : wall_(wall) {}
  sys_second now() const override { return wall_.now; }
  void set(std::optional<sys_second> at) override {
    wall_.alarm = at;
    ++wall_.times_set;
  }
  bool takes(const fd_ready&) override { return true; }

private:
  fake_wall& wall_;
};

struct cron_fixture : actor_fixture {
  fake_wall wall;
  cron_scheduler_actor cron = sys.spawn<cron_scheduler_impl>(
      [](const std::string& name) -> std::optional<time_zone> {
        if (name == "nowhere")
          return std::nullopt;
        return [](sys_second) { return zone_period{}; };
      },
      [this](event_loop&, caf::weak_actor_ptr) -> std::unique_ptr<wall_alarm> {
        return std::make_unique<fake_alarm>(wall);
      });
  std::map<std::string, int> told; ///< by the name of the app

  ~cron_fixture() {
    caf::anon_send_exit(caf::actor_cast<caf::actor>(cron), caf::exit_reason::kill);
    loop.run_until_quiet();
  }

  /// An app's actor that counts how often it is told.
  app_actor make_app(const std::string& name) {
    return sys.spawn([this, name](app_actor::pointer) -> app_actor::behavior_type {
      return {[](const app_request&) { return app_answer{}; },
              [](const pass_on&) { return app_answer{}; },
              [](const fd_ready&) {},
              [](const new_declaration&) {},
              [](const launch_done&) {},
              [](const launch_refused&) {},
              [](const process_exited&) {},
              [](const tree_ended&) {},
              [](const held_launch&) {},
              [this, name](const cron_due&) { ++told[name]; },
              [](const recorder_restarted&) {},
              [](const for_worker&) {},
              [](const slot_standing&) {}};
    });
  }
  void enter(const app_actor& app, const std::string& times, const std::string& zone = "") {
    caf::send_as(app, cron, cron_entry{times, zone});
    loop.run_until_quiet();
  }
  void end(const app_actor& app) {
    caf::anon_send_exit(app, caf::exit_reason::user_shutdown);
    loop.run_until_quiet();
  }
  /// The clock shows this time now, and the kernel rings: because of that, or because somebody has set the clock.
  void ring_at(sys_second now) {
    wall.now = now;
    caf::anon_send(cron, fd_ready{});
    loop.run_until_quiet();
  }
};

} // namespace

TEST_CASE_FIXTURE(cron_fixture, "cron_scheduler: one alarm, for the earliest of all apps") {
  const auto early = make_app("early");
  const auto late = make_app("late");
  enter(late, "0 5 * * *");
  CHECK(wall.alarm == midnight + 5h);
  enter(early, "0 3 * * *");
  CHECK(wall.alarm == midnight + 3h);

  ring_at(midnight + 3h);
  CHECK(told == std::map<std::string, int>{{"early", 1}});
  CHECK(wall.alarm == midnight + 5h);
  ring_at(midnight + 5h);
  CHECK(told == std::map<std::string, int>{{"early", 1}, {"late", 1}});
  CHECK(wall.alarm == midnight + 27h);
  end(early);
  end(late);
}

TEST_CASE_FIXTURE(cron_fixture, "cron_scheduler: a new entry counts alone, and an app that has gone has none") {
  const auto app = make_app("app");
  enter(app, "0 3 * * *");
  enter(app, "0 4 * * *");
  CHECK(wall.alarm == midnight + 4h);
  enter(app, "");
  CHECK(wall.alarm == std::nullopt);
  enter(app, "0 5 * * *", "nowhere");
  CHECK(wall.alarm == std::nullopt);
  enter(app, "0 6 * * *");
  CHECK(wall.alarm == midnight + 6h);
  end(app);
  CHECK(wall.alarm == std::nullopt);
}

TEST_CASE_FIXTURE(cron_fixture, "cron_scheduler: what was slept through or jumped over is due once") {
  const auto app = make_app("app");
  enter(app, "*/10 * * * *");
  ring_at(midnight + 5h + 1min);
  CHECK(told["app"] == 1);
  CHECK(wall.alarm == midnight + 5h + 10min);
  end(app);
}

TEST_CASE_FIXTURE(cron_fixture,
                  "cron_scheduler: a clock put back a little makes nothing due twice, put back far it does") {
  const auto app = make_app("app");
  enter(app, "0 * * * *");
  ring_at(midnight + 4h);
  CHECK(told["app"] == 1);
  ring_at(midnight + 3h + 30min);
  CHECK(told["app"] == 1);
  CHECK(wall.alarm == midnight + 5h);
  enter(app, "0 * * * *"); // the same times declared anew
  CHECK(wall.alarm == midnight + 5h);
  ring_at(midnight - 24h);
  CHECK(told["app"] == 1);
  CHECK(wall.alarm == midnight - 23h);
  end(app);
}

TEST_CASE_FIXTURE(cron_fixture,
                  "cron_scheduler: a clock that is set before anything is due changes when, and tells nobody") {
  const auto app = make_app("app");
  enter(app, "0 3 * * *");
  ring_at(midnight + 30 * 24h);
  CHECK(told["app"] == 1); // passed over
  ring_at(midnight + 40 * 24h + 3h + 1s);
  CHECK(told["app"] == 2);
  ring_at(midnight + 40 * 24h + 4h);
  CHECK(told["app"] == 2);
  CHECK(wall.alarm == midnight + 41 * 24h + 3h);
  end(app);
}
