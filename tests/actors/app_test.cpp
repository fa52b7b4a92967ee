#include <doctest/doctest.h>

#include <csignal>

#include "actors/app.hpp"
#include "fixture.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

/// An app's actor among fakes that write down what they are told.
struct app_fixture : actor_fixture {
  std::vector<launch_order> orders;
  std::vector<reap_order> reaped;
  std::vector<recorder_packet> recorded;
  std::vector<process_view> views;
  std::vector<tree_order> trees;
  std::vector<tree_settled> settled;
  bool was_removed = false;
  app_answer newest_answer;
  shared_offers offers;

  std::vector<claim_launch> claims;
  std::string log; ///< what the registry was told, in its order

  launcher_actor launcher = sys.spawn([this](launcher_actor::pointer) -> launcher_actor::behavior_type {
    return {[](const launch_order&) {},
            [](const reap_order&) {},
            [this](const claim_launch& claim) { claims.push_back(claim); },
            [](const deposit_state&) {},
            [](const look_order&) {},
            [](const keep_socket&) {},
            [](const end_keeper&) {},
            [](const give_way_to&) -> std::string { return {}; },
            [](const fd_ready&) {}};
  });
  recorder_link_actor recorder = sys.spawn([this](recorder_link_actor::pointer) -> recorder_link_actor::behavior_type {
    return {[this](const recorder_packet& packet) { recorded.push_back(packet); },
            [](const tail_stderr& wanted) {
              return "line of generation " + std::to_string(static_cast<uint64_t>(wanted.gen));
            },
            [](const recorder_order&) { return order_outcome{}; },
            [](const save_file&) { return std::string{}; },
            [](const new_recorder&) {},
            [](const fd_ready&) {}};
  });
  tree_ender_actor tree_ender = sys.spawn([this](tree_ender_actor::pointer) -> tree_ender_actor::behavior_type {
    return {[this](const tree_order& order) { trees.push_back(order); },
            [this](const tree_settled& one) { settled.push_back(one); }, [](const orphans_seen&) {},
            [](const fd_ready&) {}};
  });
  std::vector<cron_entry> cron_entries;
  cron_scheduler_actor cron = sys.spawn([this](cron_scheduler_actor::pointer) -> cron_scheduler_actor::behavior_type {
    return {[this](const cron_entry& entry) { cron_entries.push_back(entry); }, [](const fd_ready&) {}};
  });
  registry_actor registry = sys.spawn([this](registry_actor::pointer) -> registry_actor::behavior_type {
    return {[](const start_apps&) { return outcome{}; },
            [](const act_on&) { return outcome{}; },
            [](const pass_on_to&) { return outcome{}; },
            [](const scale_app&) { return outcome{}; },
            [](const dump_list&) { return dumped{}; },
            [](const resurrect_list&) { return outcome{}; },
            [](const find_processes&) { return found_processes{}; },
            [this](const offers_changed& changed) { offers = changed.offers; },
            [this](const process_changed& changed) {
              views.push_back(changed.view);
              log += std::string{to_string(status_of(changed.state.phase))} + ", ";
            },
            [this](const process_removed&) { was_removed = true; },
            [this](const launch_order& order) {
              orders.push_back(order);
              log += "launch, ";
            },
            [this](const reap_order& order) {
              reaped.push_back(order);
              log += "reap, ";
            },
            [](const held_launches&) {},
            [](const recorder_restarted&) {},
            [](const hold_connections&) {},
            [](const files_changed&) {},
            [](const watch_trouble&) {},
            [](const memory_exceeded&) {},
            [](const app_said&) {},
            [](const follow_events&) { return true; }};
  });

  std::shared_ptr<app_spec> spec = std::make_shared<app_spec>();
  app_actor app;

  app_fixture() {
    spec->name = "web";
    spec->exec_path = "/bin/true";
    spec->cwd = "/";
    spec->treekill = false;
  }
  ~app_fixture() {
    for (const auto& one : {caf::actor_cast<caf::actor>(app), caf::actor_cast<caf::actor>(launcher),
                            caf::actor_cast<caf::actor>(recorder), caf::actor_cast<caf::actor>(tree_ender),
                            caf::actor_cast<caf::actor>(cron), caf::actor_cast<caf::actor>(registry)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    loop.run_until_quiet();
  }

  void spawn(lifecycle state = {}) {
    app = sys.spawn<app_impl>(app_setup{.id = process_id{3},
                                        .spec = spec,
                                        .caller = std::make_shared<environment>(),
                                        .home = "/home",
                                        .state = std::move(state)},
                              launcher, recorder, tree_ender, cron, registry);
  }

  /// Asks, and counts the answers that come.
  std::shared_ptr<int> ask(app_verb verb, bool until_it_runs = true) {
    auto answers = std::make_shared<int>(0);
    sys.spawn([=, this](caf::event_based_actor* self) {
      self->request(app, caf::infinite, app_request{verb, until_it_runs})
          .then(
              [=, this](const app_answer& answer) {
                ++*answers;
                newest_answer = answer;
              },
              [](const caf::error&) {});
    });
    loop.run_until_quiet();
    return answers;
  }
  /// No process of ours has this number: signals to it go nowhere.
  static constexpr pid_t nobody = 0x3fff'fff0;

  void launched() {
    caf::anon_send(app, launch_done{orders.back().gen, nobody});
    loop.run_until_quiet();
  }
  void exits(int code, generation gen, bool may_have_left_some = false) {
    caf::anon_send(app, process_exited{gen, {code, 0}, may_have_left_some});
    loop.run_until_quiet();
  }
};

} // namespace

TEST_CASE_FIXTURE(app_fixture, "app: start is answered when the process has been alive for a while, not before") {
  spawn();
  const auto answers = ask(app_verb::start);
  REQUIRE(orders.size() == 1);
  CHECK(*answers == 0);

  launched();
  CHECK(views.back().status == process_status::online);
  CHECK(views.back().pid == nobody);
  loop.advance(249ms);
  CHECK(*answers == 0);
  loop.advance(1ms);

  CHECK(*answers == 1);
  CHECK(!newest_answer.failure);
}

TEST_CASE_FIXTURE(app_fixture, "app: a start that nobody waits for is answered when the program has been executed") {
  spawn();
  const auto answers = ask(app_verb::start, false);
  CHECK(*answers == 0);

  launched();

  CHECK(*answers == 1);
  CHECK(!newest_answer.failure);
}

TEST_CASE_FIXTURE(app_fixture, "app: a process that ends at once answers its start with a failure, and comes back") {
  spawn();
  const auto answers = ask(app_verb::start);
  launched();
  loop.advance(80ms);
  exits(3, orders.back().gen);

  CHECK(*answers == 1);
  REQUIRE(newest_answer.failure);
  CHECK(newest_answer.failure->code == exit_code::start_failed);
  CHECK(newest_answer.failure->what == "'web' ended with exit code 3 after 80 ms; it is started again");
  CHECK(newest_answer.last_words == "line of generation 1");
  CHECK(orders.size() == 2);
  loop.advance(10s);
  CHECK(*answers == 1);
}

TEST_CASE_FIXTURE(app_fixture, "app: a stop answers the start that it overtakes, and is answered by the exit itself") {
  spawn();
  const auto start = ask(app_verb::start);
  launched();

  const auto stop = ask(app_verb::stop);
  CHECK(*start == 1);
  CHECK(newest_answer.failure);
  const auto again = ask(app_verb::start);
  CHECK(*stop == 0);
  exits(0, orders.back().gen);

  CHECK(*stop == 1);
  CHECK(!newest_answer.failure);
  CHECK(*again == 0);
  launched();
  loop.advance(1s);
  CHECK(*again == 1);
}

TEST_CASE_FIXTURE(app_fixture, "app: a crashed process is launched again after its delay, not before") {
  spec->restart_delay = 2s;
  spawn();
  ask(app_verb::start);
  launched();

  exits(1, orders.back().gen);
  CHECK(views.back().status == process_status::waiting_restart);
  loop.advance(1999ms);
  CHECK(orders.size() == 1);
  loop.advance(1ms);
  CHECK(orders.size() == 2);
}

TEST_CASE_FIXTURE(app_fixture, "app: a stop during the delay cancels it") {
  spec->restart_delay = 2s;
  spawn();
  ask(app_verb::start);
  launched();
  exits(1, orders.back().gen);

  const auto answers = ask(app_verb::stop);
  loop.advance(10s);

  CHECK(*answers == 1);
  CHECK(orders.size() == 1);
  CHECK(views.back().status == process_status::stopped);
}

TEST_CASE_FIXTURE(app_fixture, "app: every exit lets the keeper reap, a late one does not restart the new process") {
  spawn();
  ask(app_verb::start);
  launched();
  const auto first = orders.back().gen;
  exits(1, first);
  REQUIRE(orders.size() == 2);
  launched();

  exits(1, first);

  CHECK(orders.size() == 2);
  CHECK(views.back().status == process_status::online);
  CHECK(reaped.size() == 2);
}

TEST_CASE_FIXTURE(app_fixture, "app: stop is answered by the exit, and SIGKILL comes when kill_timeout is over") {
  spawn();
  ask(app_verb::start);
  launched();
  const auto answers = ask(app_verb::stop);
  const auto before = recorded.size();

  loop.advance(1599ms);
  CHECK(recorded.size() == before);
  loop.advance(1ms);
  REQUIRE(recorded.size() == before + 1);
  CHECK(recorded.back().json.find("sending SIGKILL") != std::string::npos);
  CHECK(*answers == 0);
  exits(0, orders.back().gen);
  CHECK(*answers == 1);
}

TEST_CASE_FIXTURE(app_fixture, "app: a deleted process is gone from the registry before the answer") {
  spawn();
  ask(app_verb::start);
  launched();
  const auto answers = ask(app_verb::remove);
  CHECK(!was_removed);

  exits(0, orders.back().gen);

  CHECK(was_removed);
  CHECK(*answers == 1);
}

TEST_CASE_FIXTURE(app_fixture, "app: a new declaration counts from the next launch on") {
  spawn();
  ask(app_verb::start);
  launched();
  auto changed = std::make_shared<app_spec>(*spec);
  changed->exec_path = "/bin/false";
  caf::anon_send(app, new_declaration{changed, std::make_shared<environment>(environment{{"A", "1"}})});

  ask(app_verb::restart);
  exits(0, orders.back().gen);

  REQUIRE(orders.size() == 2);
  CHECK(orders.back().spec->exec_path == "/bin/false");
  CHECK(orders.back().caller->at("A") == "1");
}

TEST_CASE_FIXTURE(app_fixture, "app: a launch that fails is errored and names the reason") {
  spawn();
  const auto answers = ask(app_verb::start);
  caf::anon_send(app, launch_refused{orders.back().gen, "executing '/bin/x' failed: No such file or directory", false});
  loop.run_until_quiet();

  CHECK(*answers == 1);
  REQUIRE(newest_answer.failure);
  CHECK(newest_answer.failure->what == "cannot start 'web': executing '/bin/x' failed: No such file or directory");
  CHECK(views.back().status == process_status::errored);
  CHECK(views.back().reason == "executing '/bin/x' failed: No such file or directory");
}

TEST_CASE_FIXTURE(app_fixture,
                  "app: with treekill a stop is passed on to the tree, and answered when the tree is gone") {
  spec->treekill = true;
  spawn();
  ask(app_verb::start);
  launched();
  const auto gen = orders.back().gen;
  const auto answers = ask(app_verb::stop);
  REQUIRE(trees.size() == 1);
  CHECK(trees.back().signal == SIGINT);
  CHECK(trees.back().leader == nobody);
  CHECK_FALSE(trees.back().leader_is_over);

  exits(0, gen, true);
  REQUIRE(trees.size() == 2);
  CHECK(trees.back().leader_is_over);
  CHECK(trees.back().signal == 0); // it has until kill_timeout
  CHECK(views.back().pid == 0);
  CHECK(reaped.empty());
  loop.advance(1600ms);
  REQUIRE(trees.size() == 3);
  CHECK(trees.back().signal == SIGKILL);
  CHECK(*answers == 0);

  caf::anon_send(app, tree_ended{generation{0}, 0}); // of nobody
  loop.run_until_quiet();
  CHECK(*answers == 0);
  caf::anon_send(app, tree_ended{gen, 3});
  loop.run_until_quiet();
  CHECK(*answers == 1);
  CHECK(reaped.size() == 1);
  CHECK(views.back().status == process_status::stopped);
  caf::anon_send(app, tree_ended{gen, 3});
  loop.run_until_quiet();
  CHECK(reaped.size() == 1);
}

TEST_CASE_FIXTURE(app_fixture,
                  "app: what a crash has left is killed before the next launch; its uptime ends with the process") {
  spec->treekill = true;
  spec->min_uptime = 1s;
  spec->max_restarts = 0;
  spawn();
  ask(app_verb::start);
  launched();
  loop.advance(900ms);

  exits(1, orders.back().gen, true);
  REQUIRE(trees.size() == 1);
  CHECK(trees.back().signal == SIGKILL);
  CHECK(views.back().status == process_status::stopping);
  loop.advance(10s);
  CHECK(orders.size() == 1);
  caf::anon_send(app, tree_ended{orders.back().gen, 1});
  loop.run_until_quiet();

  CHECK(views.back().status == process_status::errored); // it was an early exit
  CHECK(settled.size() == 1);
}

TEST_CASE_FIXTURE(app_fixture, "app: a process that has left nothing is started again at once") {
  spec->treekill = true;
  spawn();
  ask(app_verb::start);
  launched();

  exits(1, orders.back().gen, false);

  CHECK(trees.empty());
  CHECK(orders.size() == 2);
}

TEST_CASE_FIXTURE(app_fixture,
                  "app: what it orders has been told before, and an ended launch is let go before the next") {
  spawn();
  ask(app_verb::start);
  launched();
  log.clear();

  exits(1, orders.back().gen);

  CHECK(log == "launching, reap, launch, ");
}

namespace {

/// As an earlier daemon has written it down.
lifecycle earlier(process_status status, steady_time now) {
  lifecycle state;
  state.phase = phase_of(status);
  state.gen = generation{5};
  state.pid = status == process_status::online || status == process_status::stopping ? app_fixture::nobody : 0;
  state.restarts = 2;
  state.asked_at.steady = state.started_at.steady = now - 1h;
  return state;
}

bool has_opened(const std::vector<recorder_packet>& recorded) {
  return !recorded.empty() && recorded.front().json.find(R"("op":"open")") != std::string::npos;
}

} // namespace

TEST_CASE_FIXTURE(app_fixture,
                  "app: one that ran on is online with the same pid, its exit claimed and its output read") {
  spawn(earlier(process_status::online, loop.clock().now()));
  caf::anon_send(app, held_launch{.id = process_id{3}, .gen = generation{5}, .pid = nobody});
  loop.run_until_quiet();

  CHECK(views.back().status == process_status::online);
  CHECK(views.back().pid == nobody);
  CHECK(views.back().restarts == 2);
  CHECK(orders.empty());
  CHECK(has_opened(recorded));
  REQUIRE(claims.size() == 1);
  CHECK(claims.front().gen == generation{5});
}

TEST_CASE_FIXTURE(app_fixture, "app: one that ended while no daemon ran is let go and started again") {
  spawn(earlier(process_status::online, loop.clock().now()));
  caf::anon_send(
      app, held_launch{.id = process_id{3}, .gen = generation{5}, .pid = nobody, .is_over = true, .status = {7, 0}});
  loop.run_until_quiet();

  CHECK(has_opened(recorded)); // or its last lines are not read
  CHECK(log == "online, launching, reap, launch, ");
  CHECK(views.back().exit_code == 7);
  CHECK(views.back().restarts == 3);
  CHECK(reaped.front().gen == generation{5});
  CHECK(orders.front().gen == generation{6});
}

TEST_CASE_FIXTURE(app_fixture, "app: a launch in flight is settled by what the keeper says, and made once") {
  spawn(earlier(process_status::launching, loop.clock().now()));

  SUBCASE("a child was made") {
    caf::anon_send(app, held_launch{.id = process_id{3}, .gen = generation{5}, .pid = nobody});
    loop.run_until_quiet();
    CHECK(views.back().status == process_status::online);
    CHECK(orders.empty());
    CHECK(claims.size() == 1);
  }
  SUBCASE("the intent was there, and no child") {
    caf::anon_send(app, held_launch{.id = process_id{3}, .gen = generation{5}, .is_over = true});
    loop.run_until_quiet();
    REQUIRE(orders.size() == 1);
    CHECK(orders.front().gen == generation{6});
    CHECK(log == "reap, launching, launch, ");
  }
  SUBCASE("not even the intent was there") {
    caf::anon_send(app, held_launch{.id = process_id{3}, .gen = generation{5}});
    loop.run_until_quiet();
    CHECK(orders.size() == 1);
    CHECK(reaped.empty());
  }
}

TEST_CASE_FIXTURE(app_fixture, "app: an exit that was written down and not yet let go is let go, and changes nothing") {
  spawn(earlier(process_status::stopped, loop.clock().now()));
  caf::anon_send(
      app, held_launch{.id = process_id{3}, .gen = generation{5}, .pid = nobody, .is_over = true, .status = {0, 2}});
  loop.run_until_quiet();

  CHECK(reaped.size() == 1);
  CHECK(orders.empty());
  CHECK(views.back().status == process_status::stopped);
}

TEST_CASE_FIXTURE(app_fixture, "app: a wait for a restart goes on where it was") {
  auto state = earlier(process_status::waiting_restart, loop.clock().now());
  state.delay = 5s;
  state.due = loop.clock().now() + 2s;
  spawn(std::move(state));
  caf::anon_send(app, held_launch{.id = process_id{3}, .gen = generation{5}});
  loop.run_until_quiet();

  loop.advance(1999ms);
  CHECK(orders.empty());
  loop.advance(1ms);
  CHECK(orders.size() == 1);
}

TEST_CASE_FIXTURE(app_fixture, "app: a stop goes on, with SIGKILL when kill_timeout is over once more") {
  auto state = earlier(process_status::stopping, loop.clock().now());
  state.next = after_exit::stay;
  spawn(std::move(state));
  caf::anon_send(app, held_launch{.id = process_id{3}, .gen = generation{5}, .pid = nobody});
  loop.run_until_quiet();
  CHECK(views.back().status == process_status::stopping);
  loop.advance(1600ms);
  CHECK(recorded.back().json.find("sending SIGKILL") != std::string::npos);

  exits(0, generation{5});

  CHECK(views.back().status == process_status::stopped);
  CHECK(orders.empty());
}

TEST_CASE_FIXTURE(app_fixture, "app: a new recorder is told where the output of what runs goes, and of nothing else") {
  spawn();
  caf::anon_send(app, recorder_restarted{});
  loop.run_until_quiet();
  CHECK(recorded.empty());
  ask(app_verb::start);
  launched();
  recorded.clear();

  caf::anon_send(app, recorder_restarted{});
  loop.run_until_quiet();

  CHECK(has_opened(recorded));
}

TEST_CASE_FIXTURE(app_fixture, "app: the cron_scheduler is told its times, their change and their end") {
  spec->cron_restart = "0 3 * * *";
  spec->cron_timezone = "Europe/Berlin";
  spawn();
  const auto declare = [&](const char* times) {
    auto changed = std::make_shared<app_spec>(*spec);
    changed->cron_restart = times;
    caf::anon_send(app, new_declaration{changed, std::make_shared<environment>()});
    loop.run_until_quiet();
  };
  declare("0 4 * * *");
  declare("");
  declare("");

  REQUIRE(cron_entries.size() == 3);
  CHECK(cron_entries[0].times == "0 3 * * *");
  CHECK(cron_entries[0].zone == "Europe/Berlin");
  CHECK(cron_entries[1].times == "0 4 * * *");
  CHECK(cron_entries[2].times.empty());
}

TEST_CASE_FIXTURE(app_fixture, "app: when it is due it is restarted, and one that is stopped stays stopped") {
  spec->cron_restart = "0 3 * * *";
  spawn();
  const auto is_due = [&] {
    caf::anon_send(app, cron_due{});
    loop.run_until_quiet();
  };
  is_due();
  CHECK(orders.empty());

  ask(app_verb::start);
  launched();
  is_due();
  exits(0, orders.back().gen);
  CHECK(orders.size() == 2);
  launched();

  ask(app_verb::stop);
  is_due(); // while it is stopping
  exits(0, orders.back().gen);
  is_due();
  CHECK(orders.size() == 2);
  CHECK(views.back().status == process_status::stopped);
}
