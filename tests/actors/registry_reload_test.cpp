#include <doctest/doctest.h>

#include <caf/send.hpp>

#include "actors/registry.hpp"
#include "fixture.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

/// A registry with one clustered app of two processes that are online and listen; the test says how launches end.
struct reload_fixture : actor_fixture {
  static constexpr pid_t nobody = 0x3fff'fff0; ///< no process has this number: signals to it go nowhere
  std::vector<std::pair<launch_order, app_actor>> launches;
  std::vector<reap_order> reaped;
  std::optional<outcome> answer;

  launcher_actor launcher = sys.spawn([this](launcher_actor::pointer self) -> launcher_actor::behavior_type {
    return {[this, self](const launch_order& order) {
              launches.emplace_back(order, caf::actor_cast<app_actor>(self->current_sender()));
              self->send(launches.back().second, launch_done{order.gen, nobody});
            },
            [this](const reap_order& order) { reaped.push_back(order); },
            [](const claim_launch&) {},
            [](const deposit_state&) {},
            [](const look_order&) {},
            [](const keep_socket&) {},
            [](const end_keeper&) {},
            [](const give_way_to&) -> std::string { return {}; },
            [](const fd_ready&) {}};
  });
  recorder_link_actor recorder = sys.spawn([](recorder_link_actor::pointer) -> recorder_link_actor::behavior_type {
    return {[](const recorder_packet&) {},
            [](const tail_stderr&) { return std::string{"last words"}; },
            [](const recorder_order&) { return order_outcome{}; },
            [](const save_file&) { return std::string{}; },
            [](const new_recorder&) {},
            [](const fd_ready&) {}};
  });
  tree_ender_actor tree_ender = sys.spawn([](tree_ender_actor::pointer) -> tree_ender_actor::behavior_type {
    return {[](const tree_order&) {}, [](const tree_settled&) {}, [](const orphans_seen&) {}, [](const fd_ready&) {}};
  });
  registry_actor registry = sys.spawn<registry_impl>(
      "/home", saved_state{}, registry_peers{.launcher = launcher, .recorder = recorder, .tree_ender = tree_ender});

  reload_fixture() {
    start_apps request{{spec("one")}, std::make_shared<environment>()};
    ask(std::move(request));
    loop.advance(settle_time);
    REQUIRE(launches.size() == 2);
    REQUIRE(answer);
  }
  ~reload_fixture() {
    for (const auto& one : {caf::actor_cast<caf::actor>(registry), caf::actor_cast<caf::actor>(launcher),
                            caf::actor_cast<caf::actor>(recorder), caf::actor_cast<caf::actor>(tree_ender)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    loop.run_until_quiet();
  }

  static shared_spec spec(const char* version) {
    auto made = std::make_shared<app_spec>();
    made->name = "web";
    made->exec_path = "/bin/true";
    made->cwd = "/";
    made->treekill = false;
    made->instances = 2;
    made->is_cluster = true;
    made->version = version;
    return made;
  }
  template <class Question>
  void ask(Question question) {
    answer.reset();
    sys.spawn([this, question = std::move(question)](caf::event_based_actor* self) {
      self->request(registry, caf::infinite, question)
          .then([this](const outcome& result) { answer = result; }, [](const caf::error&) {});
    });
    loop.run_until_quiet();
  }
  void reload() { ask(start_apps{.specs = {spec("two")}, .caller = {}, .policy = when_running::reload}); }
  void end(size_t launch, int code = 0) {
    caf::anon_send(launches.at(launch).second,
                   process_exited{launches.at(launch).first.gen, {code, 0}, /*may_have_left_some=*/false});
    loop.run_until_quiet();
  }
  /// Alive after the listen timeout: what does not listen is ready then.
  void become_ready() { loop.advance(3000ms); }

  std::vector<listed_process> list() {
    std::vector<listed_process> all;
    sys.spawn([&, this](caf::event_based_actor* self) {
      self->request(registry, caf::infinite, find_processes{})
          .then([&](const found_processes& found) { all = found.processes; }, [](const caf::error&) {});
    });
    loop.run_until_quiet();
    return all;
  }
  generation listed_generation(size_t slot) { return list().at(slot).view.gen; }
};

} // namespace

TEST_CASE_FIXTURE(reload_fixture,
                  "registry: a reload replaces one slot after the other, and says so when the old ones have gone") {
  reload();
  REQUIRE(launches.size() == 3);
  CHECK(launches[2].first.id == process_id{0});
  CHECK(launches[2].first.spec->version == "two");
  CHECK(list().at(0).view.status == process_status::online);
  CHECK(listed_generation(0) == launches[0].first.gen); // the old one serves

  become_ready();
  CHECK(listed_generation(0) == launches[2].first.gen);
  CHECK(list().at(0).spec->version == "two");
  CHECK(list().at(0).view.restarts == 1);
  CHECK(launches.size() == 3); // the other slot waits until the old one has left
  end(0);
  CHECK(reaped.size() == 1);
  REQUIRE(launches.size() == 4);
  become_ready();
  CHECK(!answer);
  end(1);
  REQUIRE(answer);
  CHECK(answer->failed.empty());
  CHECK(answer->done.size() == 2);
}

TEST_CASE_FIXTURE(reload_fixture,
                  "registry: the first successor that fails ends the reload, and what serves is not touched") {
  reload();
  end(2, 3);
  REQUIRE(answer);
  REQUIRE(answer->failed.size() == 1);
  CHECK(answer->failed.front().what.code == exit_code::start_failed);
  CHECK(answer->failed.front().last_words == "last words");
  CHECK(launches.size() == 3);
  CHECK(listed_generation(0) == launches[0].first.gen);
  CHECK(list().at(0).spec->version == "one");
  CHECK(!list().at(0).failed_reload.empty());
  CHECK(list().at(1).failed_reload.empty());

  reload(); // and it can be tried again
  REQUIRE(launches.size() == 4);
  CHECK(launches[3].first.gen != launches[2].first.gen);
}

TEST_CASE_FIXTURE(reload_fixture,
                  "registry: the old process may crash meanwhile: it is started again, and is replaced all the same") {
  reload();
  end(0, 1);
  REQUIRE(launches.size() == 4);
  CHECK(launches[3].first.id == process_id{0});
  CHECK(launches[3].first.gen > launches[2].first.gen);
  become_ready();
  CHECK(listed_generation(0) == launches[2].first.gen);
  end(3);
  CHECK(launches.size() == 5);
  CHECK(launches[4].first.id == process_id{1});
}

TEST_CASE_FIXTURE(reload_fixture, "registry: while one reload is under way another one is refused") {
  reload();
  ask(act_on{.verb = app_verb::restart, .targets = {"web"}, .reload = reload_manner{}});
  REQUIRE(answer);
  REQUIRE(answer->failed.size() == 1);
  CHECK(answer->failed.front().what.what == "a reload of 'web' is under way");
  CHECK(launches.size() == 3);
}

TEST_CASE_FIXTURE(reload_fixture,
                  "registry: a delete overtakes a reload and takes both processes of the slot with it") {
  reload();
  ask(act_on{.verb = app_verb::remove, .targets = {"web"}});
  CHECK(!answer);
  end(0);
  end(1);
  CHECK(!answer);
  end(2);
  REQUIRE(answer);
  CHECK(list().empty());
  CHECK(launches.size() == 3);
}

TEST_CASE_FIXTURE(reload_fixture, "registry: what has been replaced and does not leave is stopped after its time") {
  reload();
  become_ready();
  CHECK(list().at(0).view.status == process_status::online);
  loop.advance(8000ms + 1600ms);
  CHECK(launches.size() == 3);
  end(0); // by SIGKILL
  CHECK(launches.size() == 4);
}

TEST_CASE_FIXTURE(reload_fixture, "registry: a new daemon lets leave what a reload has left behind") {
  const auto held = [&](size_t launch) {
    return held_launch{.id = launches[launch].first.id, .gen = launches[launch].first.gen, .pid = nobody};
  };
  reload();
  saved_state earlier;
  earlier.boot_id = "x";
  for (const auto& one : list()) {
    lifecycle state;
    state.phase = life_phase::online;
    state.gen = one.view.gen;
    state.pid = nobody;
    earlier.processes.emplace(
        one.view.id,
        process_record{
            .id = one.view.id, .instance = one.view.instance, .spec = one.spec, .caller = one.caller, .state = state});
  }
  caf::anon_send_exit(registry, caf::exit_reason::kill);
  loop.run_until_quiet();
  registry =
      sys.spawn<registry_impl>("/home", std::move(earlier),
                               registry_peers{.launcher = launcher, .recorder = recorder, .tree_ender = tree_ender});
  caf::anon_send(registry, held_launches{{held(0), held(1), held(2)}});
  loop.run_until_quiet();

  const auto all = list();
  REQUIRE(all.size() == 2);
  CHECK(all[0].view.gen == launches[0].first.gen);
  CHECK(all[0].view.status == process_status::online);
  CHECK(launches.size() == 3); // nothing new
}
