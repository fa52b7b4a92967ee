// Stopping: asked to end, killed if need be, and nothing left.
#include <signal.h>
#include <unistd.h>

#include "home_fixture.hpp"

namespace e2e {

TEST_CASE_FIXTURE(home_fixture, "stop returns when the app's SIGINT handler has run to its end") {
  fifo report{path("report")};
  fifo never{path("never")};
  write("app.sh", "trap 'echo first; echo last > handled; exit 0' INT\necho up > report\n"
                  "while :; do read -r _ < never; done\n");
  done({"start", "app.sh"});
  REQUIRE(report.line() == "up");

  done({"stop", "app"});

  CHECK(read("handled") == "last\n");
  CHECK(status_of("app") == "stopped");
  CHECK(process("app").at("pid") == 0);
}

TEST_CASE_FIXTURE(home_fixture, "an app that ignores its stop signal is killed when kill_timeout is over, not before") {
  fifo report{path("report")};
  program("stubborn");
  env["REPORT"] = report.path();
  done({"start", "./stubborn", "--kill-timeout", "300"});
  REQUIRE(report.line() == "deaf");
  const pid_t pid = pid_of("stubborn");

  const auto before = std::chrono::steady_clock::now();
  done({"stop", "stubborn"});

  CHECK(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds{300});
  CHECK_FALSE(is_alive(pid));
  CHECK(status_of("stubborn") == "stopped");
  CHECK(eventually([&] { return contains(read("home/procvisor.log"), "SIGKILL"); }));
}

TEST_CASE_FIXTURE(home_fixture, "the signals of kill_signal come one after the other, each with its own time") {
  fifo report{path("report")};
  fifo never{path("never")};
  write("app.sh", "trap 'echo int > report' INT\ntrap 'echo term > report; exit 3' TERM\necho up > report\n"
                  "while :; do read -r _ < never; done\n");
  done({"start", "app.sh", "--kill-signal", "SIGINT 200ms, SIGTERM 20s"});
  REQUIRE(report.line() == "up");

  background_command stop{procvisor({"stop", "app"})};

  CHECK(report.line() == "int");
  CHECK(report.line() == "term");
  CHECK(stop.finish().exit_code == 0);
  CHECK(process("app").at("pm2_env").at("exit_code") == 3);
  CHECK_FALSE(contains(read("home/procvisor.log"), "SIGKILL"));
}

TEST_CASE_FIXTURE(home_fixture, "the caller's variables say how apps are stopped that do not say it themselves") {
  fifo report{path("report")};
  fifo never{path("never")};
  write("app.sh", "trap 'echo usr2 > report; exit 0' USR2\necho up > report\nwhile :; do read -r _ < never; done\n");
  env["PM2_KILL_SIGNAL"] = "SIGINT";
  env["PROCVISOR_KILL_SIGNAL"] = "SIGUSR2";
  env["PM2_KILL_TIMEOUT"] = "20000";
  done({"start", "app.sh"});
  REQUIRE(report.line() == "up");
  background_command stop{procvisor({"stop", "app"})};
  CHECK(report.line() == "usr2");
  CHECK(stop.finish().exit_code == 0);

  env["PROCVISOR_KILL_TIMEOUT"] = "soon";
  const auto refused = run({"start", "app.sh"});
  CHECK(refused.exit_code == 2);
  CHECK(contains(refused.err, "PROCVISOR_KILL_TIMEOUT must be milliseconds"));
}

TEST_CASE_FIXTURE(home_fixture, "what an app has started is ended with it") {
  fifo report{path("report")};
  write("tree.sh", "sleep 1000 & echo $! > report; wait\n");
  done({"start", "tree.sh"});
  const pid_t child = std::stoi(report.line());
  REQUIRE(is_alive(child));

  done({"stop", "tree"});

  CHECK_FALSE(is_alive(child));
}

TEST_CASE_FIXTURE(home_fixture, "a child that ignores the stop signal and outlives its parent is killed as well") {
  fifo report{path("report")};
  program("stubborn");
  env["REPORT"] = report.path();
  write("tree.sh", "./stubborn & echo $! > pid; wait\n");
  done({"start", "tree.sh", "--kill-timeout", "300"});
  REQUIRE(report.line() == "deaf");
  REQUIRE(eventually([&] { return !read("pid").empty(); }));
  const pid_t child = std::stoi(read("pid"));

  done({"stop", "tree"});

  CHECK_FALSE(is_alive(child));
}

TEST_CASE_FIXTURE(home_fixture, "without treekill the process alone is ended") {
  fifo report{path("report")};
  write("tree.sh", "trap 'exit 0' INT; sleep 1000 & echo $! > report; wait\n");
  done({"start", "tree.sh", "--no-treekill"});
  const pid_t child = std::stoi(report.line());

  done({"stop", "tree"});

  CHECK(is_alive(child));
  ::kill(child, SIGKILL);
  CHECK(ends(child));
}

TEST_CASE_FIXTURE(home_fixture, "delete ends an app and takes it off the list, its log files stay") {
  program("idle");
  done({"start", "./idle"});
  const pid_t pid = pid_of("idle");

  done({"delete", "idle"});

  CHECK_FALSE(is_alive(pid));
  CHECK(processes().empty());
  CHECK(exists("home/logs/idle-out.log"));
  CHECK(eventually([&] { return !exists("home/pids/idle-0.pid"); }));
}

TEST_CASE_FIXTURE(home_fixture, "stop of what is stopped is done already; restart starts it") {
  program("idle");
  done({"start", "./idle"});
  done({"stop", "idle"});
  done({"stop", "idle"});
  CHECK(status_of("idle") == "stopped");

  done({"restart", "idle"});

  CHECK(status_of("idle") == "online");
  const std::string pid = std::to_string(pid_of("idle")) + "\n";
  CHECK(eventually([&] { return read("home/pids/idle-0.pid") == pid; }));
}

TEST_CASE_FIXTURE(home_fixture,
                  "stops, restarts and starts that come at once leave an app that one more command governs") {
  program("idle");
  done({"start", "./idle"});
  for (int round = 0; round < 5; ++round) {
    background_command restart{procvisor({"restart", "idle"})};
    background_command stop{procvisor({"stop", "idle"})};
    background_command start{procvisor({"start", "idle"})};
    restart.finish();
    stop.finish();
    start.finish();
  }

  done({"restart", "idle"});

  CHECK(status_of("idle") == "online");
  CHECK(children_of(keeper_pid()).size() == 3); // daemon, recorder, and one of the app
}

} // namespace e2e
