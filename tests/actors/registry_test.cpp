#include <doctest/doctest.h>

#include "actors/registry.hpp"
#include "fixture.hpp"

using namespace procvisor;

namespace {

/// A registry whose launches all succeed.
struct registry_fixture : actor_fixture {
  static constexpr pid_t nobody = 0x3fff'fff0; ///< no process has this number: signals to it go nowhere
  std::vector<launch_order> orders;
  app_actor app_of_newest;

  launcher_actor launcher = sys.spawn([this](launcher_actor::pointer self) -> launcher_actor::behavior_type {
    return {[this, self](const launch_order& order) {
              orders.push_back(order);
              app_of_newest = caf::actor_cast<app_actor>(self->current_sender());
              self->send(app_of_newest, launch_done{order.gen, nobody});
            },
            [](const reap_order&) {}, [](const look_order&) {}, [](const end_keeper&) {}, [](const fd_ready&) {}};
  });
  recorder_link_actor recorder = sys.spawn([](recorder_link_actor::pointer) -> recorder_link_actor::behavior_type {
    return {[](const recorder_packet&) {}, [](const tail_stderr&) { return std::string{}; },
            [](const recorder_order&) { return order_outcome{}; }, [](const new_recorder&) {}, [](const fd_ready&) {}};
  });
  tree_ender_actor tree_ender = sys.spawn([](tree_ender_actor::pointer) -> tree_ender_actor::behavior_type {
    return {[](const tree_order&) {}, [](const tree_settled&) {}, [](const orphans_seen&) {}, [](const fd_ready&) {}};
  });
  registry_actor registry = sys.spawn<registry_impl>("/home", launcher, recorder, tree_ender);

  ~registry_fixture() {
    for (const auto& one : {caf::actor_cast<caf::actor>(registry), caf::actor_cast<caf::actor>(launcher),
                            caf::actor_cast<caf::actor>(recorder), caf::actor_cast<caf::actor>(tree_ender)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    loop.run_until_quiet();
  }

  static shared_spec named(const char* name, bool autostart) {
    auto spec = std::make_shared<app_spec>();
    spec->name = name;
    spec->exec_path = "/bin/true";
    spec->cwd = "/";
    spec->treekill = false;
    spec->autorestart = false;
    spec->autostart = autostart;
    return spec;
  }

  template <class Question>
  outcome ask(Question question) {
    outcome answer;
    sys.spawn([&, this](caf::event_based_actor* self) {
      self->request(registry, caf::infinite, std::move(question))
          .then([&](const outcome& result) { answer = result; }, [](const caf::error&) {});
    });
    loop.advance(settle_time);
    return answer;
  }
  outcome start(const char* name, bool autostart = true) {
    return ask(start_apps{{named(name, autostart)}, std::make_shared<environment>(), when_running::refuse});
  }
};

} // namespace

TEST_CASE_FIXTURE(registry_fixture, "registry: an id that is given out again has generations of its own") {
  start("web");
  const auto first = orders.back();
  sys.spawn([&, this](caf::event_based_actor* self) {
    self->request(registry, caf::infinite, act_on{.verb = app_verb::remove, .targets = {"web"}})
        .then([](const outcome&) {}, [](const caf::error&) {});
  });
  loop.run_until_quiet();
  caf::anon_send(app_of_newest, process_exited{first.gen, {}});
  loop.run_until_quiet();

  start("web");

  REQUIRE(orders.size() == 2);
  CHECK(orders.back().id == first.id);
  CHECK(orders.back().gen > first.gen);
}

TEST_CASE_FIXTURE(registry_fixture, "registry: an app that is not to start by itself is listed as stopped") {
  const auto result = start("idle", false);
  REQUIRE(result.done.size() == 1);
  CHECK(result.done.front().view.status == process_status::stopped);
  CHECK(orders.empty());
}

TEST_CASE_FIXTURE(registry_fixture, "registry: the same script again is refused while it runs") {
  start("web");
  const auto again = start("web");
  REQUIRE(again.failed.size() == 1);
  CHECK(again.failed.front().what.code == exit_code::start_failed);
  CHECK(orders.size() == 1);
}
