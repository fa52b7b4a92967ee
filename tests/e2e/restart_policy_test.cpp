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

} // namespace e2e
