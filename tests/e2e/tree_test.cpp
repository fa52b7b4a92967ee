// What an app has started, however it forked: nothing of it stays behind.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "home_fixture.hpp"

namespace e2e {

namespace {

struct swarm_fixture : home_fixture {
  swarm_fixture() {
    program("swarm");
    env["REPORT"] = report.path();
  }

  void start(words kind, words options = {}) {
    words arguments{"start", "./swarm"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.emplace_back("--");
    arguments.insert(arguments.end(), kind.begin(), kind.end());
    done(arguments);
    REQUIRE(report.line() == "up");
  }

  fifo report{path("report")};
};

} // namespace

TEST_CASE_FIXTURE(swarm_fixture,
                  "of 200 children that have left its session and are deaf to signals, none outlives stop") {
  start({"daemons", "200"}, {"--kill-timeout", "300"});
  REQUIRE(living_of_apps().size() == 201);

  done({"stop", "swarm"});

  CHECK(living_of_apps().empty());
  CHECK(status_of("swarm") == "stopped");
}

TEST_CASE_FIXTURE(swarm_fixture, "delete and restart leave nothing of the earlier launch either") {
  start({"daemons", "5"}, {"--kill-timeout", "100"});
  const auto before = living_of_apps();

  done({"restart", "swarm"});
  REQUIRE(report.line() == "up");
  CHECK(std::ranges::none_of(before, is_alive));
  CHECK(living_of_apps().size() == 6);

  done({"delete", "swarm"});
  CHECK(living_of_apps().empty());
}

TEST_CASE_FIXTURE(swarm_fixture, "what a crash has left is ended before the next start") {
  start({"daemons", "20"});
  const auto before = living_of_apps();
  REQUIRE(before.size() == 21);

  ::kill(pid_of("swarm"), SIGKILL);
  REQUIRE(report.line() == "up");

  CHECK(std::ranges::none_of(before, is_alive));
  CHECK(living_of_apps().size() == 21);
  CHECK(becomes("swarm", "online"));
}

TEST_CASE_FIXTURE(swarm_fixture, "processes that go on forking while they are killed are ended") {
  start({"growing"}, {"--kill-timeout", "100"});

  done({"stop", "swarm"});

  CHECK(living_of_apps().empty());
}

TEST_CASE_FIXTURE(swarm_fixture, "a zombie below a child keeps nobody waiting") {
  start({"zombie"});
  const auto before = std::chrono::steady_clock::now();

  done({"stop", "swarm"});

  CHECK(living_of_apps().empty());
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds{1600}); // kill_timeout
}

TEST_CASE_FIXTURE(swarm_fixture, "a child in a session of its own is asked to end, and has until kill_timeout") {
  start({"polite"}, {"--kill-timeout", "10s"});

  done({"stop", "swarm"});

  CHECK(read("handled") == "yes\n");
  CHECK(living_of_apps().empty());
}

TEST_CASE_FIXTURE(swarm_fixture, "without treekill the children stay") {
  start({"daemons", "3"}, {"--no-treekill"});

  done({"stop", "swarm"});

  const auto left = living_of_apps();
  CHECK(left.size() == 3);
  for (const pid_t pid : left) {
    ::kill(pid, SIGKILL);
    CHECK(ends(pid));
  }
}

TEST_CASE_FIXTURE(home_fixture, "a child that has wiped its environment is found while its parent lives") {
  fifo report{path("report")};
  write("wipe.sh", "setsid env -i sh -c 'echo $$ > report; sleep 1000' &\nwait\n");
  done({"start", "wipe.sh", "--kill-timeout", "100"});
  const pid_t child = std::stoi(report.line());

  done({"stop", "wipe"});

  CHECK_FALSE(is_alive(child));
}

TEST_CASE_FIXTURE(home_fixture,
                  "a process with the mark of another home, or that no app has started, is never touched") {
  fifo report{path("report")};
  write("nest.sh", "(PROCVISOR_INSTANCE=/another/home:0:1 setsid sh -c 'echo $$ > report; sleep 1000 & wait' &)\n"
                   "sleep 1000\n");
  done({"start", "nest.sh", "--kill-timeout", "100"});
  std::vector<pid_t> others{std::stoi(report.line())};
  command stranger{{"sleep", "1000"}, env, folder(), {}};
  stranger.env["PROCVISOR_INSTANCE"] = home() + ":0:1";
  background_command outside{stranger};

  done({"restart", "nest"});
  others.push_back(std::stoi(report.line()));
  done({"delete", "nest"});

  CHECK(std::ranges::all_of(others, is_alive));
  CHECK(is_alive(outside.pid()));
  ::kill(outside.pid(), SIGKILL);
  outside.finish();
  for (const pid_t pid : others) {
    ::kill(-pid, SIGKILL);
    CHECK(ends(pid));
  }
}

TEST_CASE_FIXTURE(swarm_fixture, "many apps that stop at once leave nothing behind") {
  write("many.json", R"([{"name": "swarm", "script": "./swarm", "args": "daemons 2", "instances": 40,
                          "kill_timeout": 200}])");
  done({"start", "many.json"});
  for (int i = 0; i < 40; ++i)
    REQUIRE(report.line() == "up");
  REQUIRE(living_of_apps().size() == 120);

  done({"stop", "all"});

  CHECK(living_of_apps().empty());
}

} // namespace e2e
