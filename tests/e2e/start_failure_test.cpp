// What cannot be started says so, once, with the stage and the reason.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "home_fixture.hpp"

namespace e2e {

namespace {

/// One message on stderr, nothing on stdout, and nothing was entered in the list.
void check_refused(const home_fixture& place, const words& arguments, const std::string& reason) {
  CAPTURE(reason);
  const auto result = place.run(arguments);
  CHECK(result.exit_code == 2);
  CHECK(result.out.empty());
  CHECK_MESSAGE(contains(result.err, reason), result.err);
  CHECK_MESSAGE(lines_of(result.err).size() <= 2, result.err); // the message, and perhaps a hint
  CHECK(place.processes().empty());
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "a script that is missing, a folder or not executable is refused, with the reason") {
  write("data", "neither ELF nor #!\n");

  check_refused(*this, {"start", "missing.js"}, "missing.js");
  check_refused(*this, {"start", "./missing"}, "no such script");
  check_refused(*this, {"start", "./data"}, "not executable");
  check_refused(*this, {"start", folder()}, "is a folder");
}

TEST_CASE_FIXTURE(home_fixture, "an interpreter or a cwd that is not there is refused, with its name") {
  write("app.sh", "exec sleep 1000\n");
  program("idle");

  check_refused(*this, {"start", "app.sh", "--interpreter", "no-such-program"}, "'no-such-program' is not in PATH");
  check_refused(*this, {"start", "./idle", "--cwd", "/no/such/folder"}, "no such folder: '/no/such/folder'");
  write("ecosystem.json", R"([{"name": "a", "script": "./idle", "cwd": "/no/such/folder"}])");
  check_refused(*this, {"start", "ecosystem.json"}, "no such folder: '/no/such/folder'");
}

TEST_CASE_FIXTURE(home_fixture, "what execve refuses is errored: start exits with 4 and names stage and reason") {
  write("app", "#!/no/such/interpreter\n", 0755);

  const auto result = run({"start", "./app"});

  CHECK(result.exit_code == 4);
  CHECK(contains(result.err, "executing '" + path("app") + "' failed"));
  CHECK(status_of("app") == "errored");
  CHECK(process("app").at("pid") == 0);
  CHECK(contains(done({"describe", "app"}).out, "failed"));
}

TEST_CASE_FIXTURE(home_fixture,
                  "a script that is gone at a restart: exit code 4, errored, and the reason in describe") {
  write("app", "#!/bin/sh\nexec sleep 1000\n", 0755);
  done({"start", "./app"});
  REQUIRE(::unlink(path("app").c_str()) == 0);

  const auto result = run({"restart", "app"});

  CHECK(result.exit_code == 4);
  CHECK(contains(result.err, "No such file or directory"));
  CHECK(status_of("app") == "errored");
  const auto described = done({"describe", "app"}).out;
  CHECK(contains(described, "executing"));
  CHECK(contains(described, "No such file or directory"));

  write("app", "#!/bin/sh\nexec sleep 1000\n", 0755);
  done({"restart", "app"});
  CHECK(status_of("app") == "online");
}

TEST_CASE_FIXTURE(home_fixture, "a cwd that is gone at a restart is named, with its stage") {
  program("idle");
  write("place/file", "");
  done({"start", path("idle"), "--cwd", path("place")});
  REQUIRE(::unlink(path("place/file").c_str()) == 0);
  REQUIRE(::rmdir(path("place").c_str()) == 0);

  const auto result = run({"restart", "idle"});

  CHECK(result.exit_code == 4);
  CHECK(contains(result.err, "changing directory to '" + path("place") + "' failed: No such file or directory"));
}

TEST_CASE_FIXTURE(home_fixture, "a script that runs already is refused, and with --force started once more") {
  program("idle");
  done({"start", "./idle"});
  const pid_t first = pid_of("idle");

  CHECK(run({"start", "./idle"}).exit_code != 0);
  CHECK(processes().size() == 1);
  CHECK(pid_of("idle") == first);

  done({"start", "./idle", "--force"});
  CHECK(processes().size() == 2);
}

TEST_CASE_FIXTURE(home_fixture, "a kernel before 5.3 is told by its number, and nothing is started") {
  program("idle");
  const std::string pidfd_open = std::to_string(SYS_pidfd_open);
  const auto said =
      e2e::run({{program("without_calls"), pidfd_open, PROCVISOR_PROGRAM, "start", "./idle"}, env, folder(), {}});
  CHECK(said.exit_code == 1);
  CHECK(contains(said.err, "procvisor needs Linux 5.3 or later, and this is "));
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(home_fixture, "on a kernel without newer system calls all works, by older ones") {
  program("idle");
  words argv{program("without_calls"), "", PROCVISOR_PROGRAM};
  for (const long call : {SYS_clone3, SYS_close_range, SYS_faccessat2, SYS_openat2, SYS_epoll_pwait2})
    argv[1] += (argv[1].empty() ? "" : ",") + std::to_string(call);
  const auto with = [&](words arguments) {
    auto all = argv;
    all.insert(all.end(), arguments.begin(), arguments.end());
    return e2e::run({std::move(all), env, folder(), {}});
  };
  const auto started = with({"start", "./idle"}); // and so are keeper, daemon and recorder
  CHECK_MESSAGE(started.exit_code == 0, started.err);
  const pid_t before = pid_of("idle");
  ::kill(before, SIGKILL);
  CHECK(eventually([&] { return status_of("idle") == "online" && pid_of("idle") != before; }));
  CHECK(with({"restart", "idle"}).exit_code == 0);
  CHECK(with({"stop", "idle"}).exit_code == 0);
  CHECK(with({"kill"}).exit_code == 0);
}

} // namespace e2e
