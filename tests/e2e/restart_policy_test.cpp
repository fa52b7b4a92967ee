// What happens when an app ends and nobody told it to.
#include <signal.h>

#include "home_fixture.hpp"

namespace e2e {

TEST_CASE_FIXTURE(home_fixture,
                  "an app that ends early again and again is errored after max_restarts, with the reason") {
  write("crash.sh", "exit 3\n");
  done({"start", "crash.sh", "--max-restarts", "4", "--no-wait"});

  CHECK(becomes("crash", "errored"));
  CHECK(restarts_of("crash") == 4);
  CHECK(process("crash").at("pid") == 0);
  CHECK(process("crash").at("pm2_env").at("unstable_restarts") == 4);
  CHECK(contains(done({"describe", "crash"}).out, "exit code 3"));
}

TEST_CASE_FIXTURE(home_fixture, "an errored app runs again when it is asked for") {
  write("app.sh", "test -e good && exec sleep 1000; exit 1\n");
  done({"start", "app.sh", "--max-restarts", "1", "--no-wait"});
  REQUIRE(becomes("app", "errored"));

  write("good", "");
  done({"start", "app"});

  CHECK(status_of("app") == "online");
}

TEST_CASE_FIXTURE(home_fixture, "an exit is early or not by the app's min_uptime") {
  fifo report{path("report")};
  write("app.sh", "echo up > report; sleep 1; exit 1\n");
  done({"start", "app.sh", "--name", "patient", "--no-wait", "--max-restarts", "0", "--min-uptime", "100"});
  for (int i = 0; i < 2; ++i)
    CHECK(report.line() == "up");
  done({"delete", "patient"});

  done({"start", "app.sh", "--name", "strict", "--no-wait", "--max-restarts", "0", "--min-uptime", "1h"});
  CHECK(becomes("strict", "errored"));
  CHECK(restarts_of("strict") == 0);
}

TEST_CASE_FIXTURE(home_fixture, "without autorestart an app that ends is stopped, with its exit code") {
  write("once.sh", "exit 7\n");
  done({"start", "once.sh", "--no-autorestart", "--no-wait"});

  CHECK(becomes("once", "stopped"));
  CHECK(restarts_of("once") == 0);
  CHECK(process("once").at("pm2_env").at("exit_code") == 7);
}

TEST_CASE_FIXTURE(home_fixture, "one of the stop_exit_codes leaves an app stopped, any other code does not") {
  write("leave.sh", "exit 42\n");
  write("ecosystem.json", R"([{"name": "wanted", "script": "./leave.sh", "stop_exit_codes": [41, 42]},
                              {"name": "other", "script": "./leave.sh", "stop_exit_codes": [1], "max_restarts": 2}])");
  done({"start", "--no-wait"});

  CHECK(becomes("wanted", "stopped"));
  CHECK(restarts_of("wanted") == 0);
  CHECK(becomes("other", "errored"));
  CHECK(restarts_of("other") == 2);
}

TEST_CASE_FIXTURE(home_fixture, "with restart_delay an app that ended waits, and a stop ends the wait") {
  write("crash.sh", "exit 1\n");
  done({"start", "crash.sh", "--restart-delay", "1h", "--no-wait"});

  CHECK(becomes("crash", "waiting restart"));
  CHECK(process("crash").at("pid") == 0);
  done({"stop", "crash"});
  CHECK(status_of("crash") == "stopped");
}

TEST_CASE_FIXTURE(home_fixture, "an app comes back after its restart_delay, not before") {
  fifo report{path("report")};
  write("app.sh", "date +%s%N > report; exit 1\n");
  done({"start", "app.sh", "--restart-delay", "300", "--max-restarts", "1", "--no-wait"});

  const auto first = std::stoll(report.line());
  const auto second = std::stoll(report.line());

  CHECK(second - first >= 300'000'000);
}

TEST_CASE_FIXTURE(home_fixture, "the waits of an exponential backoff grow by half") {
  write("crash.sh", "exit 1\n");
  done({"start", "crash.sh", "--exp-backoff-restart-delay", "100", "--max-restarts", "3", "--no-wait"});

  CHECK(becomes("crash", "errored"));
  const std::string journal = read("home/procvisor.log");
  CHECK(contains(journal, "starts again in 100 ms"));
  CHECK(contains(journal, "starts again in 150 ms"));
  CHECK(contains(journal, "starts again in 225 ms"));
}

TEST_CASE_FIXTURE(home_fixture,
                  "an app killed by a signal comes back as another process, and says why in the journal") {
  program("idle");
  done({"start", "./idle"});
  const pid_t before = pid_of("idle");

  ::kill(before, SIGSEGV);

  CHECK(eventually([&] { return restarts_of("idle") == 1 && status_of("idle") == "online"; }));
  CHECK(pid_of("idle") != before);
  CHECK(eventually([&] { return contains(read("home/procvisor.log"), "signal 11"); }));
}

TEST_CASE_FIXTURE(home_fixture, "without autostart an app is entered in the list, stopped") {
  program("idle");
  done({"start", "./idle", "--no-autostart"});
  CHECK(status_of("idle") == "stopped");
  done({"start", "idle"});
  CHECK(status_of("idle") == "online");
}

TEST_CASE_FIXTURE(home_fixture, "an app with cron_restart is restarted when it is due, and the log says why") {
  write("app.sh", "exec sleep 1000\n");
  done({"start", "app.sh", "--cron", "* * * * * *"});

  CHECK(eventually([&] { return restarts_of("app") >= 2; }));
  CHECK(eventually(
      [&] { return contains(read("home/procvisor.log"), "restarting: cron_restart '* * * * * *' is due"); }));
  done({"restart", "app", "--cron", "0"});
  CHECK(!process("app").at("pm2_env").contains("cron_restart"));
  const auto shown = done({"describe", "app"}).out;
  CHECK(!contains(shown, "cron restart"));
  CHECK(contains(shown, " cron)")); // what has restarted it so far
}

TEST_CASE_FIXTURE(home_fixture, "a stopped app stays stopped when its cron_restart is due") {
  write("app.sh", "exec sleep 1000\n");
  write("other.sh", "exec sleep 1000\n");
  done({"start", "app.sh", "--cron", "* * * * * *"});
  done({"stop", "app"});
  done({"start", "other.sh", "--cron", "* * * * * *"});

  REQUIRE(eventually([&] { return restarts_of("other") >= 2; })); // two seconds
  CHECK(status_of("app") == "stopped");
}

TEST_CASE_FIXTURE(home_fixture, "describe shows a cron_restart and when it is due next, in the zone that is named") {
  write("ecosystem.yaml", "- {name: app, script: sleep 1000, cron_restart: 30 4 * * *, cron_timezone: Etc/GMT-2}\n");
  done({"start", "ecosystem.yaml"});

  const auto shown = done({"describe", "app"}).out;
  CHECK(contains(shown, "30 4 * * *"));
  const auto first = shown.find("T02:30:00.000Z");
  REQUIRE(first != std::string::npos);
  CHECK(shown.find("T02:30:00.000Z", first + 1) != std::string::npos);
  CHECK(process("app").at("pm2_env").at("cron_restart") == "30 4 * * *");

  done({"save"});
  done({"kill"});
  done({"resurrect"});
  CHECK(contains(done({"describe", "app"}).out, "T02:30:00.000Z"));
}

TEST_CASE_FIXTURE(home_fixture, "a cron_restart that is wrong is an error that names the field") {
  write("app.sh", "exec sleep 1000\n");
  const auto wrong = run({"start", "app.sh", "--cron", "* 24 * * *"});
  CHECK(wrong.exit_code == 2);
  CHECK(contains(wrong.err, "hour: 24 is not between 0 and 23"));
  const auto never = run({"start", "app.sh", "--cron-restart", "0 0 30 2 *"});
  CHECK(never.exit_code == 2);
  CHECK(contains(never.err, "never due"));
  const auto nowhere = run({"start", "app.sh", "--cron", "* * * * *", "--cron-timezone", "Europe/Berlim"});
  CHECK(nowhere.exit_code == 2);
  CHECK(contains(nowhere.err, "did you mean 'Europe/Berlin'?"));
  CHECK(processes().empty());
}

} // namespace e2e
