// --no-daemon: a command that stays.
#include <signal.h>

#include "home_fixture.hpp"

namespace e2e {

TEST_CASE_FIXTURE(home_fixture, "start --no-daemon follows the logs, and ends everything when it is told to end") {
  write("app.sh", "echo hello from the app; exec sleep 1000\n");
  background_command command{procvisor({"start", "app.sh", "--no-daemon"})};
  REQUIRE(command.says("end with this command"));
  REQUIRE(becomes("app", "online"));
  const auto keeper = keeper_pid();

  SUBCASE("SIGINT") {
    ::kill(command.pid(), SIGINT);
  }
  SUBCASE("SIGTERM") {
    ::kill(command.pid(), SIGTERM);
  }
  SUBCASE("SIGHUP") {
    ::kill(command.pid(), SIGHUP);
  }

  const auto ended = command.finish();
  CHECK(ended.exit_code == 0);
  CHECK(contains(ended.err, "stopped 1 processes"));
  CHECK(ends(keeper));
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(home_fixture, "start --no-daemon with a daemon that runs starts through it and leaves it") {
  program("idle");
  done({"start", "./idle"});
  write("talker.sh", "while read -r line < orders; do echo \"said $line\"; done\n");
  fifo orders{path("orders")};
  background_command command{procvisor({"start", "talker.sh", "--no-daemon"})};
  REQUIRE(command.says("the apps run on"));

  ::kill(command.pid(), SIGINT);

  CHECK(command.finish().exit_code == 0);
  CHECK(status_of("idle") == "online");
  CHECK(status_of("talker") == "online");
}

TEST_CASE_FIXTURE(home_fixture, "start and restart --attach follow the logs, and the apps outlive them") {
  // Again and again: the stream of its logs begins a moment after the command has said so.
  write("talker.sh", "while sleep 0.1; do echo said hello; done\n");
  for (const std::string verb : {"start", "restart"}) {
    CAPTURE(verb);
    background_command command{procvisor({verb, verb == "start" ? "talker.sh" : "talker", "--attach"})};
    REQUIRE(command.says("the apps run on"));
    CHECK(command.says("said hello"));

    ::kill(command.pid(), SIGINT);

    CHECK(command.finish().exit_code == 0);
    CHECK(status_of("talker") == "online");
  }
  CHECK(run({"restart", "nobody", "--attach"}).exit_code == 3);
}

TEST_CASE_FIXTURE(home_fixture, "start --no-daemon that starts nothing leaves no daemon behind") {
  write("bad", "#!/no/such/interpreter\n", 0755);
  CHECK(run({"start", "./bad", "--no-daemon"}).exit_code == 4);
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(home_fixture,
                  "with PROCVISOR_DEBUG a daemon tells each step, and without it only what has happened") {
  program("idle");
  const auto journal_of = [&](words arguments) {
    background_command command{procvisor(std::move(arguments))};
    REQUIRE(command.says("end with this command"));
    done({"stop", "idle"});
    done({"kill"});
    CHECK(command.finish().exit_code == 0);
    return read("home/procvisor.log"); // whole when the keeper has ended
  };
  const auto short_one = journal_of({"start", "./idle", "--no-daemon"});
  CHECK(contains(short_one, " info idle:0"));
  CHECK_FALSE(contains(short_one, " debug "));

  env["PROCVISOR_DEBUG"] = "1";
  const auto long_one = journal_of({"start", "./idle", "--no-daemon"});
  CHECK(contains(long_one, " debug procvisor pid "));
  CHECK(contains(long_one, ": asked: stop\n"));
  CHECK(contains(long_one, ": launching\n"));
  CHECK(contains(long_one, ": asking it to end: SIGINT\n"));
}

TEST_CASE_FIXTURE(home_fixture, "procvisor --no-daemon is a daemon in the foreground") {
  background_command command{procvisor({"--no-daemon"})};
  REQUIRE(command.says("end with this command"));
  CHECK(run({"--no-daemon"}).exit_code == 1); // there is one
  program("idle");
  done({"start", "./idle"});

  SUBCASE("a signal ends it") {
    ::kill(command.pid(), SIGTERM);
  }
  SUBCASE("kill ends it") {
    done({"kill"});
  }

  CHECK(command.finish().exit_code == 0);
  CHECK(living().empty());
}

} // namespace e2e
