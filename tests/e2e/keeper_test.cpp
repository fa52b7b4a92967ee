// Who starts the keeper, how many there are, and how they go.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "home_fixture.hpp"

namespace e2e {

namespace {

/// The recorder is the last of the three, and makes this file.
bool recorder_runs(const home_fixture& place) {
  return place.eventually([&] { return place.exists("home/procvisor.log"); });
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "ping starts the keeper, which starts a daemon and a recorder") {
  const auto answer = done({"ping"});

  CHECK(contains(answer.out + answer.err, "pong"));
  REQUIRE(recorder_runs(*this));
  const auto keepers = in_role("keeper");
  REQUIRE(keepers.size() == 1);
  CHECK(keepers[0] == keeper_pid());
  CHECK(status_field(keepers[0], "Name") == "procvisor");
  for (const char* role : {"daemon", "recorder"}) {
    const auto found = in_role(role);
    REQUIRE_MESSAGE(found.size() == 1, role);
    CHECK_MESSAGE(status_field(found[0], "PPid") == std::to_string(keeper_pid()), role);
    CHECK_MESSAGE(status_field(found[0], "Name") == "procvisor", role);
  }
}

TEST_CASE_FIXTURE(home_fixture, "kill ends the keeper too where a thousand processes end at once") {
  program("idle");
  done({"start", "idle", "-i", "1000", "--silent"});

  done({"kill"});

  CHECK(living().empty());
  CHECK(!contains(read("home/procvisor.log"), "in place of one that has died"));
}

TEST_CASE_FIXTURE(home_fixture, "clients that come at once start exactly one keeper") {
  program("idle");
  for (int round = 0; round < 5; ++round) {
    std::vector<std::unique_ptr<background_command>> clients;
    for (int i = 0; i < 8; ++i)
      clients.push_back(
          std::make_unique<background_command>(procvisor({"start", "idle", "--name", "app" + std::to_string(i)})));
    for (const auto& client : clients) {
      const auto result = client->finish();
      CHECK_MESSAGE(result.exit_code == 0, result.err);
    }

    CHECK(recorder_runs(*this));
    CHECK(in_role("keeper") == std::vector{keeper_pid()});
    CHECK(in_role("daemon").size() == 1);
    CHECK(in_role("recorder").size() == 1);
    CHECK(processes().size() == 8);
    shut_down();
    CHECK(living().empty());
    REQUIRE(::unlink(path("home/procvisor.log").c_str()) == 0);
  }
}

TEST_CASE_FIXTURE(home_fixture, "kill ends apps, daemon, recorder and keeper, and a start right after it works") {
  program("idle");
  done({"start", "idle"});
  const pid_t first = keeper_pid();

  for (int round = 0; round < 10; ++round) {
    done({"kill"});
    CHECK(living().empty());
    CHECK_FALSE(exists("home/procvisor.sock"));
    done({"start", "idle"});
    CHECK(status_of("idle") == "online");
  }
  CHECK(keeper_pid() != first);
}

TEST_CASE_FIXTURE(home_fixture,
                  "SIGTERM ends a keeper in order: apps first, one that ignores its stop signal included") {
  fifo report{path("report")};
  program("idle");
  program("stubborn");
  env["REPORT"] = report.path();
  done({"start", "./idle", "-i", "3"});
  done({"start", "./stubborn", "--kill-timeout", "200"});
  REQUIRE(report.line() == "deaf");
  const pid_t keeper = keeper_pid();

  ::kill(keeper, SIGTERM);

  CHECK(ends(keeper));
  CHECK(living().empty());
  CHECK_FALSE(exists("home/procvisor.sock"));
  CHECK_FALSE(exists("home/procvisor.pid"));
  CHECK(eventually([&] { return contains(read("home/procvisor.log"), "SIGKILL"); }));
}

TEST_CASE_FIXTURE(home_fixture, "a signal that a terminal sends to everybody reaches neither keeper nor apps") {
  program("idle");
  done({"start", "./idle"});
  for (const int signal : {SIGINT, SIGHUP})
    for (const char* role : {"keeper", "daemon", "recorder"})
      for (const pid_t pid : in_role(role)) {
        CHECK(status_field(pid, "NSsid") == std::to_string(pid)); // a session of its own, so none comes from a terminal
        if (std::string_view{role} == "keeper")
          ::kill(pid, signal);
      }
  CHECK(status_of("idle") == "online");
}

TEST_CASE_FIXTURE(home_fixture, "kill is no error where nothing runs, nor in a home that is not there") {
  CHECK(run({"kill"}).exit_code == 0);
  CHECK_FALSE(exists("home"));
  done({"ping"});
  CHECK(run({"kill"}).exit_code == 0);
  CHECK(run({"kill"}).exit_code == 0);
}

TEST_CASE_FIXTURE(home_fixture, "the socket and pid file of a keeper that was killed are replaced") {
  done({"ping"});
  const auto roles = living();
  for (const pid_t pid : roles)
    ::kill(pid, SIGSTOP); // so that none starts another one while they are killed
  for (const pid_t pid : roles)
    ::kill(pid, SIGKILL);
  for (const pid_t pid : roles)
    REQUIRE(ends(pid));
  REQUIRE(exists("home/procvisor.sock"));
  REQUIRE(exists("home/procvisor.pid"));

  done({"ping"});

  CHECK(std::find(roles.begin(), roles.end(), keeper_pid()) == roles.end());
  CHECK(is_alive(keeper_pid()));
}

TEST_CASE_FIXTURE(home_fixture, "a pid file that names a living stranger is replaced, and the stranger left alone") {
  REQUIRE(::mkdir(home().c_str(), 0700) == 0);
  write("home/procvisor.pid", std::to_string(::getpid()) + "\n", 0600);

  done({"ping"});

  CHECK(keeper_pid() != ::getpid());
}

TEST_CASE_FIXTURE(home_fixture, "only start and ping start a daemon; the others answer as for an empty list") {
  CHECK(done({"jlist"}).out == "[]");
  CHECK(run({"list"}).exit_code == 0);
  CHECK(run({"stop", "all"}).exit_code != 4);
  CHECK(run({"stop", "web"}).exit_code == 3);
  CHECK(run({"restart", "web"}).exit_code == 3);
  CHECK(run({"delete", "web"}).exit_code == 3);
  CHECK(run({"describe", "web"}).exit_code == 3);
  CHECK(run({"logs", "web", "--nostream"}).exit_code == 3);
  CHECK(run({"--version"}).exit_code == 0);
  CHECK(run({"--help"}).exit_code == 0);
  CHECK(run({"help", "start"}).exit_code == 0);
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(home_fixture, "who types keeper, daemon or recorder is told that there is no such verb") {
  for (const std::string role : {"keeper", "daemon", "recorder"}) {
    const auto typed = run({role});
    CHECK(typed.exit_code == 2);
    CHECK(contains(typed.err, "'" + role + "'"));
  }
  CHECK_FALSE(exists("home"));
}

} // namespace e2e
