// The daemon may die at any moment: no app notices, and the next daemon goes on.
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <set>

#include "home_fixture.hpp"

namespace e2e {

namespace {

std::map<int, pid_t> pids_by_id(const home_fixture& place) {
  std::map<int, pid_t> found;
  for (const auto& one : place.processes())
    found[one.at("pm_id")] = one.at("pid");
  return found;
}

/// Whether the lines are the numbers from 1 on, each once and in order.
bool counts_up(const std::vector<std::string>& lines) {
  for (size_t i = 0; i < lines.size(); ++i)
    if (lines[i] != std::to_string(i + 1)) {
      MESSAGE("line ", i + 1, " is ", lines[i]);
      return false;
    }
  return true;
}

/// Ends the daemon, and `app` before the next daemon can see it.
void kill_daemon_and(const home_fixture& place, pid_t app) {
  const pid_t keeper = place.keeper_pid();
  ::kill(keeper, SIGSTOP);
  place.kill_role("daemon");
  ::kill(app, SIGKILL);
  ::kill(keeper, SIGCONT);
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "a daemon that is killed is replaced within a second, and every pid stays") {
  program("idle");
  done({"start", "./idle", "-i", "5"});
  const auto before = pids_by_id(*this);
  const pid_t recorder = in_role("recorder").at(0);

  const auto killed_at = std::chrono::steady_clock::now();
  kill_role("daemon");
  const auto after = pids_by_id(*this);
  const auto took = std::chrono::steady_clock::now() - killed_at;

  CHECK(before == after);
  CHECK(took < std::chrono::seconds{1});
  CHECK(in_role("recorder") == std::vector{recorder});
  for (const auto& one : processes())
    CHECK(one.at("pm2_env").at("status") == "online");
  done({"restart", "0"});
  CHECK(pids_by_id(*this).at(0) != before.at(0));
  done({"stop", "1"});
  CHECK(ends(before.at(1)));
  done({"delete", "2"});
  CHECK(ends(before.at(2)));
  CHECK(processes().size() == 4);
}

TEST_CASE_FIXTURE(home_fixture, "no line of output is lost or doubled by the daemon's death, at any moment") {
  program("numbers");
  program("idle");
  done({"start", "./numbers", "--", path("counter"), "400000"});
  done({"start", "./idle", "-i", "4"});
  const pid_t writer = pid_of("numbers");
  for (int round = 0; round < 20; ++round) {
    const background_command load{procvisor({"restart", "idle"})};
    kill_role("daemon");
    REQUIRE(processes().size() == 5);
  }
  CHECK(pid_of("numbers") == writer);
  CHECK(eventually([&] { return lines_of(read("home/logs/numbers-out.log")).size() >= 400'000; }));
  CHECK(counts_up(lines_of(read("home/logs/numbers-out.log"))));
}

TEST_CASE_FIXTURE(home_fixture, "a daemon that is killed while it starts apps leaves each of them once") {
  program("idle");
  for (int round = 0; round < 8; ++round) {
    const std::string name = "app" + std::to_string(round);
    const background_command starting{procvisor({"start", "./idle", "--name", name, "-i", "10"})};
    // Somewhere in the middle: as soon as a number of them, another each time, is there.
    REQUIRE(eventually([&] { return exists("home/pids/" + name + "-" + std::to_string(round) + ".pid"); }));
    kill_role("daemon");
    REQUIRE(eventually([&] {
      for (const auto& one : processes())
        if (one.at("pm2_env").at("status") == "launching")
          return false;
      return true;
    }));
    std::multiset<pid_t> listed;
    for (const auto& one : processes())
      if (one.at("pid") != 0)
        listed.insert(one.at("pid").get<pid_t>());
    std::multiset<pid_t> alive;
    for (const pid_t pid : living())
      if (is_alive(pid) && status_field(pid, "Name") == "idle")
        alive.insert(pid);
    CHECK(listed == alive);
    done({"delete", "all"});
  }
}

TEST_CASE_FIXTURE(home_fixture, "an app that ends while there is no daemon is started again as its policy says") {
  program("idle");
  done({"start", "./idle", "--name", "again"});
  done({"start", "./idle", "--name", "once", "--no-autorestart"});
  const pid_t again = pid_of("again");

  kill_daemon_and(*this, again);
  CHECK(eventually([&] { return restarts_of("again") == 1; }));
  CHECK(becomes("again", "online"));
  CHECK(pid_of("again") != again);

  kill_daemon_and(*this, pid_of("once"));
  CHECK(becomes("once", "stopped"));
  CHECK(restarts_of("once") == 0);
}

TEST_CASE_FIXTURE(home_fixture, "ids, counters, statuses, environments and waits outlive the daemon") {
  program("idle");
  env["CANARY"] = "first";
  done({"start", "./idle", "--name", "a"});
  env.erase("CANARY");
  done({"start", "./idle", "--name", "b"});
  done({"start", "./idle", "--name", "c"});
  write("fail.sh", "exit 3\n");
  done({"restart", "a"});
  done({"stop", "b"});
  done({"delete", "c"});
  run({"start", "./fail.sh", "--name", "waits", "--restart-delay", "2s"});
  REQUIRE(becomes("waits", "waiting restart"));
  const int restarts = restarts_of("waits");

  kill_role("daemon");

  CHECK(restarts_of("a") == 1);
  CHECK(process("a").at("pm2_env").at("env").at("CANARY") == "first");
  CHECK(status_of("b") == "stopped");
  CHECK(process("waits").at("pm_id") == 3);
  CHECK(eventually([&] { return restarts_of("waits") > restarts; }));
  done({"start", "./idle", "--name", "next"});
  CHECK(process("next").at("pm_id") == 4);
  done({"restart", "a"});
  CHECK(process("a").at("pm2_env").at("env").at("CANARY") == "first");
}

TEST_CASE_FIXTURE(home_fixture, "a stop that the daemon did not see through is seen through by the next one") {
  fifo report{path("report")};
  program("stubborn");
  env["REPORT"] = report.path();
  done({"start", "./stubborn", "--kill-timeout", "1s"});
  REQUIRE(report.line() == "deaf");
  const pid_t app = pid_of("stubborn");

  background_command stopping{procvisor({"stop", "stubborn"})};
  REQUIRE(becomes("stubborn", "stopping"));
  kill_role("daemon");

  const auto told = stopping.finish();
  CHECK(told.exit_code == 7);
  CHECK(contains(told.err, "procvisor:"));
  CHECK(becomes("stubborn", "stopped"));
  CHECK_FALSE(is_alive(app));
}

TEST_CASE_FIXTURE(home_fixture, "a follower of logs does not notice that the daemon dies") {
  program("numbers");
  done({"start", "./numbers", "--", path("counter"), "3"});
  background_command follower{procvisor({"logs", "numbers", "--raw"})};
  REQUIRE(follower.says("3\n"));
  kill_role("daemon");
  done({"restart", "numbers"});
  CHECK(in_role("recorder").size() == 1);
  CHECK(follower.says("6\n"));
}

TEST_CASE_FIXTURE(home_fixture,
                  "what is printed after the recorder's death is in the log, and the state is saved again") {
  program("numbers");
  done({"start", "./numbers", "--", path("counter"), "200000"});
  const pid_t writer = pid_of("numbers");
  kill_role("recorder");
  CHECK(eventually([&] { return contains(read("home/logs/numbers-out.log"), "\n200000\n"); }));
  CHECK(pid_of("numbers") == writer);
  program("idle");
  done({"start", "./idle", "--name", "after"});
  CHECK(eventually([&] { return contains(read("home/state.json"), "\"after\""); }));
  done({"restart", "numbers"});
  CHECK(eventually([&] { return contains(read("home/logs/numbers-out.log"), "\n400000\n"); }));
}

TEST_CASE_FIXTURE(home_fixture, "the state on disk is what the list is, readable by its owner alone") {
  program("idle");
  done({"start", "./idle", "--name", "kept"});
  CHECK(eventually([&] { return contains(read("home/state.json"), "\"kept\""); }));
  done({"delete", "kept"});
  CHECK(eventually([&] { return contains(read("home/state.json"), "\"removed\":0"); }));
  CHECK(contains(read("home/state.json.bak"), "\"kept\""));
}

} // namespace e2e
