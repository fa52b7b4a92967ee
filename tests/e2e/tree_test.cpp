// What an app has started, however it forked: nothing of it stays behind.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "home_fixture.hpp"

namespace e2e {

namespace {

constexpr const char* without_cgroups = "PROCVISOR_TEST_WITHOUT_CGROUPS";

/// The path behind "0::" in /proc/PID/cgroup.
std::string cgroup_of(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/cgroup"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::"))
      return line.substr(3);
  return {};
}

/// The folders below `point` in which a cgroup of this path is seen.
bool is_cgroup_there(const std::string& path) {
  std::ifstream mounts{"/proc/mounts"};
  for (std::string device, point, type, rest; mounts >> device >> point >> type && std::getline(mounts, rest);)
    if (type == "cgroup2" && std::filesystem::exists(point + path))
      return true;
  return false;
}

struct swarm_fixture : home_fixture {
  swarm_fixture() {
    program("swarm");
    env["REPORT"] = report.path();
  }

  std::vector<pid_t> wiped() const {
    std::vector<pid_t> pids;
    for (const auto& line : lines_of(read("wiped")))
      pids.push_back(std::stoi(line));
    return pids;
  }

  /// False: this machine has no cgroup hierarchy that the daemon may write to.
  bool has_cgroup(const std::string& name) const { return contains(cgroup_of(pid_of(name)), "/procvisor-"); }

  /// Every case is run twice.
  void start(words kind, words options = {}) {
    SUBCASE("in a cgroup, where there are any") {
    }
    SUBCASE("without cgroups") {
      env[without_cgroups] = "1";
    }
    launch(std::move(kind), std::move(options));
  }

  void launch(words kind, words options = {}) {
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

TEST_CASE_FIXTURE(swarm_fixture, "in a cgroup, not even children without session, parents and environment get away") {
  launch({"wiped", "200"}, {"--kill-timeout", "300"});
  const auto children = wiped();
  REQUIRE(children.size() == 200);
  if (!has_cgroup("swarm")) {
    MESSAGE("skipped: no writable cgroup2 hierarchy");
    for (const pid_t pid : children)
      ::kill(pid, SIGKILL);
    return;
  }
  REQUIRE(std::ranges::all_of(children, is_alive));

  SUBCASE("after stop") {
    done({"stop", "swarm"});
  }
  SUBCASE("after delete by another daemon than the one that has started them") {
    kill_role("daemon");
    done({"delete", "swarm"});
  }
  SUBCASE("when a crash has been followed by the next start") {
    ::kill(pid_of("swarm"), SIGKILL);
    REQUIRE(report.line() == "up");
    CHECK(becomes("swarm", "online"));
    CHECK(wiped().size() == 400);
  }

  CHECK(std::ranges::none_of(children, is_alive));
}

TEST_CASE_FIXTURE(swarm_fixture, "a cgroup is removed with its launch, and the folder around them with the keeper") {
  launch({"daemons", "2"}, {"--kill-timeout", "100"});
  const auto first = cgroup_of(pid_of("swarm"));
  if (!has_cgroup("swarm")) {
    MESSAGE("skipped: no writable cgroup2 hierarchy");
    return;
  }
  REQUIRE(is_cgroup_there(first));

  done({"restart", "swarm"});
  REQUIRE(report.line() == "up");
  const auto second = cgroup_of(pid_of("swarm"));
  CHECK(second != first);
  CHECK_FALSE(is_cgroup_there(first));
  CHECK(is_cgroup_there(second));

  done({"kill"});
  CHECK_FALSE(is_cgroup_there(second));
  CHECK_FALSE(is_cgroup_there(second.substr(0, second.rfind('/'))));
}

TEST_CASE_FIXTURE(home_fixture, "a keeper that an app's command has started is none of that app's processes") {
  fifo report{path("report")};
  const auto other = path("other");
  const auto program = procvisor({}).argv.front();
  write("nest.sh",
        "PROCVISOR_HOME=" + other + " " + program + " start /bin/sleep -- 1000; echo $? > report\nexec sleep 1000\n");
  done({"start", "nest.sh", "--kill-timeout", "100"});
  REQUIRE(report.line() == "0");
  auto nested = procvisor({"pid", "sleep"});
  nested.env["PROCVISOR_HOME"] = other;
  const auto before = e2e::run(nested);
  REQUIRE(before.exit_code == 0);

  done({"delete", "nest"});

  const auto after = e2e::run(nested);
  CHECK(after.exit_code == 0);
  CHECK(after.out == before.out);
  nested.argv.back() = "kill";
  nested.argv.erase(nested.argv.end() - 2);
  CHECK(e2e::run(nested).exit_code == 0);
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
  env[without_cgroups] = "1"; // in the app's cgroup, it is the app's
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
  SUBCASE("in cgroups, where there are any") {
  }
  SUBCASE("without cgroups") {
    env[without_cgroups] = "1";
  }
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
