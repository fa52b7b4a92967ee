#include "actors/watch_desk.hpp"

#include <doctest/doctest.h>

#include <caf/send.hpp>
#include <nlohmann/json.hpp>

#include "actors/registry.hpp"
#include "fixture.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

/// A registry with one app that watches its files; the test says what changes and when processes end.
struct desk_fixture : actor_fixture {
  static constexpr pid_t nobody = 0x3fff'fff0; ///< no process has this number: signals to it go nowhere
  std::vector<std::pair<launch_order, app_actor>> launches;
  std::vector<watch_entry> entries;
  std::vector<memory_entry> guarded;
  std::string journal;

  launcher_actor launcher = sys.spawn([this](launcher_actor::pointer self) -> launcher_actor::behavior_type {
    return {[this, self](const launch_order& order) {
              launches.emplace_back(order, caf::actor_cast<app_actor>(self->current_sender()));
              self->send(launches.back().second, launch_done{order.gen, nobody});
            },
            [](const reap_order&) {},
            [](const claim_launch&) {},
            [](const deposit_state&) {},
            [](const look_order&) {},
            [](const keep_socket&) {},
            [](const end_keeper&) {},
            [](const give_way_to&) -> std::string { return {}; },
            [](const fd_ready&) {}};
  });
  recorder_link_actor recorder = sys.spawn([this](recorder_link_actor::pointer) -> recorder_link_actor::behavior_type {
    return {[this](const recorder_packet& packet) { journal += packet.json + "\n"; },
            [](const tail_stderr&) { return std::string{}; },
            [](const recorder_order&) { return order_outcome{}; },
            [](const save_file&) { return std::string{}; },
            [](const new_recorder&) {},
            [](const fd_ready&) {}};
  });
  tree_ender_actor tree_ender = sys.spawn([](tree_ender_actor::pointer) -> tree_ender_actor::behavior_type {
    return {[](const tree_order&) {}, [](const tree_settled&) {}, [](const orphans_seen&) {}, [](const fd_ready&) {}};
  });
  file_watcher_actor watcher = sys.spawn([this](file_watcher_actor::pointer) -> file_watcher_actor::behavior_type {
    return {[this](const watch_entry& entry) { entries.push_back(entry); }, [](const fd_ready&) {}};
  });
  memory_guard_actor guard = sys.spawn([this](memory_guard_actor::pointer) -> memory_guard_actor::behavior_type {
    return {[this](const memory_entry& entry) { guarded.push_back(entry); }};
  });
  registry_actor registry = sys.spawn<registry_impl>("/home", saved_state{},
                                                     registry_peers{.launcher = launcher,
                                                                    .recorder = recorder,
                                                                    .tree_ender = tree_ender,
                                                                    .file_watcher = watcher,
                                                                    .memory_guard = guard});
  std::shared_ptr<app_spec> spec = std::make_shared<app_spec>();

  desk_fixture() {
    spec->name = "web";
    spec->exec_path = "/bin/true";
    spec->cwd = "/srv/app";
    spec->treekill = false;
    spec->watch.wanted = true;
  }
  ~desk_fixture() {
    for (const auto& one : {caf::actor_cast<caf::actor>(registry), caf::actor_cast<caf::actor>(launcher),
                            caf::actor_cast<caf::actor>(recorder), caf::actor_cast<caf::actor>(tree_ender),
                            caf::actor_cast<caf::actor>(watcher), caf::actor_cast<caf::actor>(guard)})
      caf::anon_send_exit(one, caf::exit_reason::kill);
    loop.run_until_quiet();
  }

  template <class Question>
  void ask(Question question) {
    sys.spawn([this, question = std::move(question)](caf::event_based_actor* self) {
      self->request(registry, caf::infinite, question).then([](const outcome&) {}, [](const caf::error&) {});
    });
    loop.run_until_quiet();
  }
  void start() {
    ask(start_apps{{std::make_shared<app_spec>(*spec)}, std::make_shared<environment>()});
    loop.advance(10s); // whatever changes now is not the app's doing
  }
  void command(app_verb verb, watch_switch watch = watch_switch::as_it_is) {
    ask(act_on{.verb = verb, .targets = {"web"}, .change = {.keys = nullptr, .caller = nullptr, .watch = watch}});
  }
  template <class Message>
  void say(Message message) {
    caf::anon_send(registry, std::move(message));
    loop.run_until_quiet();
  }
  void change(const char* file) { say(files_changed{{process_id{0}}, {{file}}}); }
  /// Its newest launch ends.
  void end(int code = 0) {
    caf::anon_send(launches.back().second, process_exited{launches.back().first.gen, {code, 0}, false});
    loop.run_until_quiet();
  }
  listed_process listed() {
    listed_process row;
    sys.spawn([&, this](caf::event_based_actor* self) {
      self->request(registry, caf::infinite, find_processes{})
          .then([&](const found_processes& found) { row = found.processes.at(0); }, [](const caf::error&) {});
    });
    loop.run_until_quiet();
    return row;
  }
};

} // namespace

TEST_CASE_FIXTURE(desk_fixture, "watch: a change restarts the process once the files are quiet, and says why") {
  start();
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].rules->roots() == std::vector<std::string>{"/srv/app"});
  CHECK(entries[0].own_files.front() == "/home/logs/web-out.log");

  change("src/a.js");
  loop.advance(199ms);
  CHECK(listed().view.status == process_status::online);
  loop.advance(1ms);
  CHECK(listed().view.status == process_status::stopping);
  end();
  CHECK(launches.size() == 2);

  const auto view = listed().view;
  CHECK(view.restarts == 1);
  CHECK(view.cause == "src/a.js changed");
  CHECK(view.restarts_by == restart_counts{0, 0, 1, 0, 0, 0});
  CHECK(journal.find("restarting: src/a.js changed") != std::string::npos);
}

TEST_CASE_FIXTURE(desk_fixture,
                  "watch: a stopped process is started by a change, and not by what it wrote at its end") {
  start();
  command(app_verb::stop);
  change("state.json"); // it is being stopped
  end();
  change("state.json"); // it has just ended
  loop.advance(1s);
  CHECK(listed().view.status == process_status::stopped);

  change("src/a.js");
  loop.advance(200ms);
  CHECK(launches.size() == 2);
  CHECK(listed().view.cause == "src/a.js changed");
}

TEST_CASE_FIXTURE(desk_fixture, "watch: an app that ends at once is started again when its file is mended") {
  spec->autorestart = false;
  start();
  end(1);
  CHECK(listed().view.status == process_status::stopped);
  loop.advance(1s);
  change("src/a.js");
  loop.advance(200ms);
  CHECK(launches.size() == 2);
}

TEST_CASE_FIXTURE(desk_fixture, "watch: a command that comes before the restart takes its place") {
  start();
  change("src/a.js");
  command(app_verb::stop);
  end();
  loop.advance(1s);
  CHECK(listed().view.status == process_status::stopped);
  CHECK(launches.size() == 1);
}

TEST_CASE_FIXTURE(desk_fixture, "watch: stop --watch ends it, and restart --watch turns it on and off with its paths") {
  spec->watch.paths = {"/srv/app/src"};
  start();
  command(app_verb::stop, watch_switch::off);
  end();
  REQUIRE(entries.size() == 2);
  CHECK(entries[1].rules == nullptr);
  change("src/a.js"); // a late message
  loop.advance(1s);
  CHECK(launches.size() == 1);

  command(app_verb::restart, watch_switch::toggle);
  REQUIRE(entries.size() == 3);
  CHECK(entries[2].rules->roots() == std::vector<std::string>{"/srv/app/src"});
  loop.advance(1s);
  command(app_verb::restart, watch_switch::toggle);
  CHECK(entries.back().rules == nullptr);
  CHECK_FALSE(listed().spec->watch.wanted);
}

TEST_CASE_FIXTURE(desk_fixture,
                  "watch: an app that restarts itself by what it writes is paused, until somebody starts it") {
  start();
  command(app_verb::restart);
  end();
  for (int i = 0; i < 5; ++i) {
    loop.advance(300ms); // after its launch
    change("data.json");
    loop.advance(200ms);
    end();
  }
  const auto before = launches.size();
  CHECK(before == 7);
  loop.advance(300ms);
  change("data.json");
  loop.advance(1s);
  CHECK(launches.size() == before);
  CHECK(listed().view.status == process_status::online);
  CHECK(listed().watch_trouble.find("paused: it was restarted 5 times") == 0);
  CHECK(listed().watch_trouble.find("data.json") != std::string::npos);
  CHECK(journal.find("Name them in ignore_watch") != std::string::npos);
  change("src/a.js");
  loop.advance(1s);
  CHECK(launches.size() == before);

  command(app_verb::restart);
  end();
  CHECK(listed().watch_trouble.empty());
  loop.advance(10s);
  change("src/a.js");
  loop.advance(200ms);
  CHECK(listed().view.status == process_status::stopping);
}

TEST_CASE_FIXTURE(desk_fixture, "watch: what is wrong with its files is said, and tried again at the next start") {
  start();
  say(watch_trouble{{process_id{0}}, "'/srv/app': it is gone"});
  CHECK(listed().watch_trouble == "'/srv/app': it is gone");
  CHECK(journal.find("it is gone") != std::string::npos);
  command(app_verb::restart);
  CHECK(entries.size() == 2);
  CHECK(entries[1].rules == entries[0].rules);
  say(watch_trouble{{process_id{0}}, ""});
  CHECK(listed().watch_trouble.empty());
}

TEST_CASE_FIXTURE(desk_fixture, "watch: a deleted process is not watched, and messages about it do nothing") {
  start();
  command(app_verb::remove);
  change("src/a.js");
  end();
  CHECK(entries.back().rules == nullptr);
  change("src/a.js");
  say(watch_trouble{{process_id{0}}, "gone"});
  say(memory_exceeded{process_id{0}, generation{1}, 2, 1});
  loop.advance(1s);
  CHECK(launches.size() == 1);
}

TEST_CASE_FIXTURE(desk_fixture,
                  "watch: instances of an app share their rules, and a cluster is reloaded, one reload at a time") {
  spec->is_cluster = true;
  spec->instances = 2;
  spec->listen_timeout = 1s;
  start();
  REQUIRE(launches.size() == 2);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].rules == entries[1].rules);

  const auto both_change = [this](const char* file) { say(files_changed{{process_id{0}, process_id{1}}, {{file}}}); };
  both_change("a.js");
  loop.advance(200ms);
  REQUIRE(launches.size() == 3); // a successor
  CHECK(listed().view.status == process_status::online);
  loop.advance(1s); // it is ready
  CHECK(listed().view.cause == "a.js changed");
  CHECK(listed().view.restarts_by == restart_counts{0, 0, 1, 0, 0, 0});
  both_change("b.js");
  loop.advance(200ms);
  CHECK(launches.size() == 3);
  const auto end_launch = [this](size_t which) {
    caf::anon_send(launches[which].second, process_exited{launches[which].first.gen, {}, false});
    loop.run_until_quiet();
  };
  end_launch(0);
  REQUIRE(launches.size() == 4);
  loop.advance(1s);
  end_launch(1); // the first reload is over
  CHECK(launches.size() == 5);
  loop.advance(1s);
  CHECK(listed().view.cause == "b.js changed");
}

TEST_CASE_FIXTURE(desk_fixture,
                  "memory: a launch with a limit is guarded while it runs, and restarted when it is above it") {
  spec->watch.wanted = false;
  spec->max_memory_restart = uint64_t{300} << 20;
  start();
  REQUIRE(guarded.size() == 1);
  CHECK(guarded[0].pid == nobody);
  CHECK(guarded[0].limit == spec->max_memory_restart);
  CHECK(guarded[0].interval == 1s);

  say(memory_exceeded{process_id{0}, guarded[0].gen, uint64_t{312} << 20, spec->max_memory_restart});
  CHECK(listed().view.status == process_status::stopping);
  CHECK(guarded.back().limit == 0);
  end();
  CHECK(listed().view.cause == "memory 312M > 300M");
  CHECK(listed().view.restarts_by == restart_counts{0, 0, 0, 1, 0, 0});
  CHECK(guarded.back().gen == launches.back().first.gen);
  CHECK(journal.find("restarting: memory 312M > 300M") != std::string::npos);

  say(memory_exceeded{process_id{0}, launches.front().first.gen, uint64_t{312} << 20, spec->max_memory_restart});
  CHECK(listed().view.status == process_status::online); // that was about an earlier launch
}
