#include <doctest/doctest.h>

#include <map>

#include <nlohmann/json.hpp>

#include "actors/registry.hpp"
#include "fixture.hpp"
#include "os/memfd.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

/// A registry whose launches all succeed.
struct registry_fixture : actor_fixture {
  static constexpr pid_t nobody = 0x3fff'fff0; ///< no process has this number: signals to it go nowhere
  std::vector<launch_order> orders;
  std::vector<reap_order> reaped;
  app_actor app_of_newest;
  std::map<process_id, app_actor> apps; ///< those that have ever been launched
  shared_fd deposited;                  ///< what the keeper holds
  std::vector<std::string> saves;       ///< of state.json
  std::string save_failure;
  bool reads_at_order = true; ///< known_at_order is kept, which takes longer the more is written down
  saved_state known_at_order; ///< what another daemon would have known when the newest order was given

  launcher_actor launcher = sys.spawn([this](launcher_actor::pointer self) -> launcher_actor::behavior_type {
    return {[this, self](const launch_order& order) {
              orders.push_back(order);
              if (reads_at_order)
                known_at_order = written();
              app_of_newest = caf::actor_cast<app_actor>(self->current_sender());
              apps[order.id] = app_of_newest;
              self->send(app_of_newest, launch_done{order.gen, nobody});
            },
            [this](const reap_order& order) { reaped.push_back(order); },
            [](const claim_launch&) {},
            [this](const deposit_state& deposit) { deposited = deposit.file; },
            [](const look_order&) {},
            [](const keep_socket&) {},
            [](const end_keeper&) {},
            [](const give_way_to&) -> std::string { return {}; },
            [](const fd_ready&) {}};
  });
  recorder_link_actor recorder = sys.spawn([this](recorder_link_actor::pointer) -> recorder_link_actor::behavior_type {
    return {[](const recorder_packet&) {},
            [](const tail_stderr&) { return std::string{}; },
            [](const recorder_order&) { return order_outcome{}; },
            [this](const save_file& file) {
              saves.push_back(os::read_whole(file.content->get()).substr(0, file.size));
              return save_failure;
            },
            [](const new_recorder&) {},
            [](const fd_ready&) {}};
  });
  tree_ender_actor tree_ender = sys.spawn([](tree_ender_actor::pointer) -> tree_ender_actor::behavior_type {
    return {[](const tree_order&) {}, [](const tree_settled&) {}, [](const orphans_seen&) {}, [](const fd_ready&) {}};
  });
  registry_actor registry = sys.spawn<registry_impl>(
      "/home", saved_state{}, registry_peers{.launcher = launcher, .recorder = recorder, .tree_ender = tree_ender});

  ~registry_fixture() {
    for (const auto& one : {caf::actor_cast<caf::actor>(registry), caf::actor_cast<caf::actor>(launcher),
                            caf::actor_cast<caf::actor>(recorder), caf::actor_cast<caf::actor>(tree_ender)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    loop.run_until_quiet();
  }

  /// What another daemon would know if this one died now.
  saved_state written() const {
    return deposited ? replay_state(os::read_whole(deposited->get())).state : saved_state{};
  }

  /// This daemon dies, and another one begins with what the keeper holds.
  void succeed(std::vector<held_launch> held) {
    caf::anon_send_exit(registry, caf::exit_reason::kill);
    loop.run_until_quiet();
    auto earlier = written();
    registry =
        sys.spawn<registry_impl>("/home", std::move(earlier),
                                 registry_peers{.launcher = launcher, .recorder = recorder, .tree_ender = tree_ender});
    caf::anon_send(registry, held_launches{std::move(held)});
    loop.run_until_quiet();
  }

  found_processes list() {
    found_processes answer;
    sys.spawn([&, this](caf::event_based_actor* self) {
      self->request(registry, caf::infinite, find_processes{})
          .then([&](const found_processes& found) { answer = found; }, [](const caf::error&) {});
    });
    loop.run_until_quiet();
    return answer;
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
  /// Its newest launch ends.
  void end(uint32_t id) {
    const process_id wanted{id};
    const auto newest = std::find_if(orders.rbegin(), orders.rend(), [=](const auto& one) { return one.id == wanted; });
    REQUIRE(newest != orders.rend());
    caf::anon_send(apps.at(wanted), process_exited{newest->gen, {}});
    loop.run_until_quiet();
  }
  /// Asks and lets those processes end of which the answer waits.
  template <class Question>
  outcome ask_and_end(Question question, std::initializer_list<uint32_t> ending) {
    outcome answer;
    sys.spawn([&, this](caf::event_based_actor* self) {
      self->request(registry, caf::infinite, std::move(question))
          .then([&](const outcome& result) { answer = result; }, [](const caf::error&) {});
    });
    loop.run_until_quiet();
    for (const auto id : ending)
      end(id);
    return answer;
  }
  outcome start_several(const char* name, int instances) {
    auto spec = std::make_shared<app_spec>(*named(name, true));
    spec->instances = instances;
    return ask(start_apps{{spec}, std::make_shared<environment>(), when_running::restart});
  }
  /// "0:0 2:1 ...": id and slot of each process that is listed.
  std::string listed() {
    std::string text;
    sys.spawn([&, this](caf::event_based_actor* self) {
      self->request(registry, caf::infinite, find_processes{})
          .then(
              [&](const found_processes& found) {
                for (const auto& one : found.processes)
                  text += (text.empty() ? "" : " ") + std::to_string(static_cast<uint32_t>(one.view.id)) + ":"
                          + std::to_string(one.view.instance);
              },
              [](const caf::error&) {});
    });
    loop.run_until_quiet();
    return text;
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

TEST_CASE_FIXTURE(registry_fixture, "registry: scaling down takes the highest slots, and a slot comes back as it was") {
  start_several("web", 2);
  const auto grown = ask(scale_app{"web", 2, true});
  CHECK(grown.done.size() == 2);
  CHECK(listed() == "0:0 1:1 2:2 3:3");

  const auto shrunk = ask_and_end(scale_app{"web", 2, false}, {3, 2});
  CHECK(shrunk.done.size() == 2);
  CHECK(shrunk.done.front().view.pid == 0);
  CHECK(listed() == "0:0 1:1");

  start("other"); // takes the next id
  ask(scale_app{"web", 3, false});
  CHECK(listed() == "0:0 1:1 2:2 4:0");
}

TEST_CASE_FIXTURE(registry_fixture, "registry: the slot of a process that was deleted alone is filled first") {
  start_several("web", 3);
  ask_and_end(act_on{.verb = app_verb::remove, .targets = {"1"}}, {1});
  REQUIRE(listed() == "0:0 2:2");

  ask(scale_app{"web", 1, true});
  CHECK(listed() == "0:0 1:1 2:2");

  ask_and_end(act_on{.verb = app_verb::remove, .targets = {"0"}}, {0});
  ask_and_end(start_apps{{orders.front().spec}, std::make_shared<environment>(), when_running::restart}, {1, 2});
  CHECK(listed() == "0:0 1:1 2:2"); // a file fills it too
}

TEST_CASE_FIXTURE(registry_fixture, "registry: what was asked last wins, also where a process is about to be deleted") {
  start_several("web", 2);
  outcome down;
  sys.spawn([&, this](caf::event_based_actor* self) {
    self->request(registry, caf::infinite, scale_app{"web", 1, false})
        .then([&](const outcome& result) { down = result; }, [](const caf::error&) {});
  });
  loop.run_until_quiet();

  ask_and_end(scale_app{"web", 2, false}, {1}); // its end is the one that the deletion waits for

  CHECK(listed() == "0:0 1:1");
  CHECK(orders.size() == 3);
}

TEST_CASE_FIXTURE(registry_fixture,
                  "registry: scaling to what there is does nothing; to nothing, or without limit, is refused") {
  start_several("web", 2);
  start("other");
  const auto same = ask(scale_app{"web", 2, false});
  CHECK(same.done.empty());
  CHECK(same.failed.empty());

  const struct {
    scale_app question;
    exit_code code;
  } rows[] = {{{"web", 0, false}, exit_code::usage},      {{"web", -2, true}, exit_code::usage},
              {{"web", 10'001, false}, exit_code::usage}, {{"web", 2147483647, true}, exit_code::usage},
              {{"all", 1, true}, exit_code::usage},       {{"wbe", 1, true}, exit_code::not_found}};
  for (const auto& [question, code] : rows) {
    CAPTURE(question.target);
    CAPTURE(question.amount);
    const auto refused = ask(question);
    REQUIRE(refused.failed.size() == 1);
    CHECK(refused.failed.front().what.code == code);
    CHECK(refused.done.empty());
  }
  CHECK(listed() == "0:0 1:1 2:0");
}

TEST_CASE_FIXTURE(registry_fixture, "registry: an errored process can be reset, and stays errored") {
  auto spec = std::make_shared<app_spec>(*named("web", true));
  spec->autorestart = true;
  spec->max_restarts = 0;
  ask(start_apps{{spec}, std::make_shared<environment>(), when_running::refuse});
  end(0);

  const auto reset = ask(act_on{.verb = app_verb::reset, .targets = {"web"}});

  CHECK(reset.failed.empty());
  REQUIRE(reset.done.size() == 1);
  CHECK(reset.done.front().view.status == process_status::errored);
}

TEST_CASE_FIXTURE(registry_fixture,
                  "registry: a file's restart keeps the caller's environment, unless it is asked to take the new one") {
  const auto from = [&](const char* value, when_running policy, bool updates_env) {
    const auto caller = std::make_shared<const environment>(environment{{"A", value}});
    ask(start_apps{.specs = {named("web", true)}, .caller = caller, .policy = policy, .updates_env = updates_env});
    caf::anon_send(app_of_newest, process_exited{orders.back().gen, {}}); // it ends, where it was asked to
    loop.run_until_quiet();
    return orders.back().caller->at("A");
  };
  CHECK(from("first", when_running::restart, false) == "first");
  CHECK(from("second", when_running::restart, false) == "first");
  CHECK(from("third", when_running::restart, true) == "third");
  CHECK(from("fourth", when_running::refuse, false) == "fourth"); // a script, which is declared anew
}

TEST_CASE_FIXTURE(registry_fixture,
                  "registry: a restart changes a declaration for good, of all that it means or of none") {
  start("web", false);
  start("api", false);
  const auto restart = [&](const char* target, nlohmann::json keys) {
    return ask(act_on{.verb = app_verb::restart,
                      .targets = {target},
                      .change = {.keys = std::make_shared<const nlohmann::json>(std::move(keys)), .caller = nullptr}});
  };

  const auto changed = restart("web", {{"max_restarts", 7}, {"name", "site"}});
  REQUIRE(changed.done.size() == 1);
  CHECK(changed.done.front().spec->name == "site");
  CHECK(changed.done.front().spec->max_restarts == 7);
  CHECK(orders.back().spec->max_restarts == 7);

  const auto launches = orders.size();
  for (const auto& refused : {restart("all", {{"name", "both"}}), restart("api", {{"name", "site"}}),
                              restart("all", {{"max_restarts", "many"}})}) {
    CHECK(refused.done.empty());
    REQUIRE(refused.failed.size() == 1);
  }
  CHECK(orders.size() == launches);
}

TEST_CASE_FIXTURE(registry_fixture, "registry: a launch is written down before it is ordered") {
  start("web");

  REQUIRE(orders.size() == 1);
  REQUIRE(known_at_order.processes.size() == 1);
  const auto& known = known_at_order.processes.at(orders.front().id);
  CHECK(known.spec->name == "web");
  CHECK(known.state.phase == life_phase::launching);
  CHECK(known.state.gen == orders.front().gen);
}

TEST_CASE_FIXTURE(registry_fixture, "registry: a successor goes on with ids, generations, counters and declarations") {
  start("web");
  start("mail");
  ask(act_on{.verb = app_verb::remove, .targets = {"mail"}});
  caf::anon_send(app_of_newest, process_exited{orders.back().gen, {}});
  loop.run_until_quiet();
  orders.clear();

  succeed({held_launch{.id = process_id{0}, .gen = generation{1}, .pid = nobody}});

  CHECK(orders.empty());
  const auto found = list();
  REQUIRE(found.processes.size() == 1);
  CHECK(found.processes.front().view.status == process_status::online);
  CHECK(found.processes.front().view.pid == nobody);
  CHECK(*found.processes.front().spec == *named("web", true));
  start("next");
  CHECK(orders.back().id == process_id{2});
  CHECK(orders.back().gen > generation{1});
}

TEST_CASE_FIXTURE(registry_fixture,
                  "registry: a process of which the keeper knows nothing has ended unseen, others run") {
  start("web");
  start("mail");
  orders.clear();

  succeed({held_launch{.id = process_id{1}, .gen = generation{1}, .pid = nobody}});

  const auto found = list();
  REQUIRE(found.processes.size() == 2);
  CHECK(found.processes[0].view.status == process_status::stopped); // autorestart is off
  CHECK(found.processes[0].view.reason.find("nobody saw") != std::string::npos);
  CHECK(found.processes[1].view.status == process_status::online);
  CHECK(orders.empty());
}

TEST_CASE_FIXTURE(registry_fixture, "registry: a launch of which the keeper does not know yet is waited for") {
  start("web");
  orders.clear();
  succeed({held_launch{.id = process_id{0}, .gen = generation{1}}});
  CHECK(orders.empty());

  caf::anon_send(registry, held_launches{{held_launch{.id = process_id{0}, .gen = generation{1}, .pid = nobody}}});
  loop.run_until_quiet();

  CHECK(orders.empty());
  CHECK(list().processes.front().view.status == process_status::online);
}

TEST_CASE_FIXTURE(registry_fixture, "registry: the end of a process that was deleted is let go") {
  succeed({held_launch{.id = process_id{9}, .gen = generation{4}, .pid = nobody, .is_over = true}});
  REQUIRE(reaped.size() == 1);
  CHECK(reaped.front().id == process_id{9});
}

TEST_CASE_FIXTURE(registry_fixture,
                  "registry: the state is saved soon after a change, once for many, and then no more") {
  for (const char* name : {"web", "mail"})
    caf::anon_send(registry, start_apps{.specs = {named(name, true)}, .caller = std::make_shared<environment>()});
  loop.run_until_quiet();
  CHECK(saves.empty());
  loop.advance(100ms);
  REQUIRE(saves.size() == 1);
  CHECK(read_state(saves.back())->processes.size() == 2);

  loop.advance(1h); // they come to be online, and that is written down too
  const auto settled = saves.size();
  loop.advance(1h);

  CHECK(settled <= 3);
  CHECK(saves.size() == settled);
  CHECK(loop.clock().next_due() == loop_clock::time_point::max());
}

TEST_CASE_FIXTURE(registry_fixture,
                  "registry: a save that fails is tried again, and the list says so until it is done") {
  save_failure = "No space left on device";
  start("web");
  loop.advance(100ms);
  const auto notes = list().notes;
  REQUIRE(notes.size() == 1);
  CHECK(notes.front()
        == "saving the state to '/home/state.json' failed: No space left on device; trying again every 10 s");

  save_failure.clear();
  loop.advance(10s);

  CHECK(list().notes.empty());
  CHECK(saves.size() == 2);
}

TEST_CASE_FIXTURE(registry_fixture, "registry: what has been overtaken does not make the state grow for ever") {
  reads_at_order = false;
  start("web");
  for (int i = 0; i < 3000; ++i)
    caf::anon_send(app_of_newest, process_exited{orders.back().gen, {}}), loop.run_until_quiet(),
        ask(act_on{.verb = app_verb::restart, .targets = {"web"}});
  CHECK(os::read_whole(deposited->get()).size() < 1024 * 1024);
  CHECK(written().processes.at(process_id{0}).state.gen == orders.back().gen);
}
