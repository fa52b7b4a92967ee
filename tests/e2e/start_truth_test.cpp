// start and restart say what has become of the processes.
#include <sys/stat.h>

#include "home_fixture.hpp"

namespace e2e {

namespace {

using std::chrono::steady_clock;

} // namespace

TEST_CASE_FIXTURE(home_fixture, "a program that ends at once is a failed start: exit code 4, and how it ended") {
  write("crash.sh", "echo said on stdout; echo cannot find the database >&2; echo giving up >&2; exit 3\n");

  const auto result = run({"start", "crash.sh"});

  CHECK(result.exit_code == 4);
  CHECK_MESSAGE(contains(result.err, "cannot find the database\n  giving up"), result.err);
  CHECK(!contains(result.err, "said on stdout"));
  CHECK_MESSAGE(contains(result.err, "'crash' ended with exit code 3 after "), result.err);
  CHECK(contains(result.err, "it is started again"));
  CHECK(becomes("crash", "errored")); // its restart policy went on
  CHECK(restarts_of("crash") == 15);
}

TEST_CASE_FIXTURE(home_fixture, "restart fails where the new process does not stay up, and works again when it does") {
  write("app.sh", "test -e bad && exit 1; exec sleep 1000\n");
  done({"start", "app.sh", "--restart-delay", "1h"});

  write("bad", "");
  const auto result = run({"restart", "app"});
  CHECK(result.exit_code == 4);
  CHECK_MESSAGE(contains(result.err, "'app' ended with exit code 1"), result.err);
  CHECK(contains(result.err, "it is started again in 3600000 ms"));

  REQUIRE(::unlink(path("bad").c_str()) == 0);
  done({"restart", "app"});
  CHECK(status_of("app") == "online");
}

TEST_CASE_FIXTURE(home_fixture, "one app of a file that ends at once: exit code 6, and the others run") {
  program("idle");
  write("crash.sh", "kill -SEGV $$\n");
  write("ecosystem.json", R"([{"name": "good", "script": "./idle"},
                              {"name": "bad", "script": "./crash.sh", "restart_delay": "1h"}])");

  const auto result = run({"start", "ecosystem.json"});

  CHECK(result.exit_code == 6);
  CHECK_MESSAGE(contains(result.err, "'bad' ended with signal 11"), result.err);
  CHECK(status_of("good") == "online");
  CHECK(status_of("bad") == "waiting restart");
}

TEST_CASE_FIXTURE(home_fixture, "a start with --no-wait returns before it is known whether the process stays up") {
  write("crash.sh", "exit 3\n");
  done({"start", "crash.sh", "--no-wait", "--restart-delay", "1h"});
  CHECK(becomes("crash", "waiting restart"));
  done({"restart", "crash", "--no-wait"});
  CHECK(becomes("crash", "waiting restart"));

  CHECK(run({"start", "/bin/no-such-program", "--no-wait"}).exit_code == 2);
}

TEST_CASE_FIXTURE(home_fixture, "a program that is done at once is no failure where that was declared") {
  write("job.sh", "exit 0\n");
  write("leave.sh", "exit 42\n");

  done({"start", "job.sh", "--no-autorestart"});
  CHECK(status_of("job") == "stopped");
  done({"start", "leave.sh", "--stop-exit-codes", "42"});
  CHECK(status_of("leave") == "stopped");
  CHECK(run({"start", "leave.sh", "--no-autorestart", "--name", "other"}).exit_code == 4);
}

TEST_CASE_FIXTURE(home_fixture, "many apps settle side by side") {
  program("idle");
  const auto before = steady_clock::now();
  done({"start", "./idle", "-i", "60"});

  CHECK(steady_clock::now() - before < 60 * std::chrono::milliseconds{250});
  CHECK(processes().size() == 60);
}

TEST_CASE_FIXTURE(home_fixture, "a stop that comes while an app settles ends it, and the start says so") {
  program("idle");
  done({"ping"});
  background_command start{procvisor({"start", "./idle"})};
  // Where the machine is so slow that the start is over by then, there is nothing to overtake.
  REQUIRE(eventually([&] { return !processes().empty(); }));
  done({"stop", "idle"});

  const auto result = start.finish();
  CHECK((result.exit_code == 0 || (result.exit_code == 1 && contains(result.err, "a later stop"))));
  CHECK(status_of("idle") == "stopped");
}

} // namespace e2e
