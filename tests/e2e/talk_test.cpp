// Lines and signals for a program that runs.
#include <signal.h>

#include "home_fixture.hpp"

namespace e2e {

TEST_CASE_FIXTURE(home_fixture, "send writes a line to an app's stdin, which never ends") {
  fifo report{path("report")};
  write("echo.sh", "while read -r line; do echo \"got $line\" > report; done; echo end > report; exec sleep 1000\n");
  done({"start", "echo.sh"});

  done({"send", "echo", "hello there"});
  CHECK(report.line() == "got hello there");
  done({"send", "0", "--", "--quit ünicode"});
  CHECK(report.line() == "got --quit ünicode");
  done({"restart", "echo"});
  done({"send", "echo", "again"});
  CHECK(report.line() == "got again");
}

TEST_CASE_FIXTURE(home_fixture, "what python and node read from stdin comes by send") {
  if (!has_program("node") || !has_program("python3")) {
    MESSAGE("left out: node or python3 is not there");
    return;
  }
  fifo report{path("report")};
  write("app.py", "import sys\nfor line in sys.stdin:\n  open('report', 'w').write('python ' + line)\n");
  write("app.js", "require('readline').createInterface({input: process.stdin})"
                  ".on('line', l => require('fs').writeFileSync('report', 'node ' + l + '\\n'));");
  done({"start", "app.py", "--name", "py"});
  done({"start", "app.js", "--name", "js"});

  done({"send", "py", "one"});
  CHECK(report.line() == "python one");
  done({"send", "js", "two"});
  CHECK(report.line() == "node two");
}

TEST_CASE_FIXTURE(home_fixture, "send says what is wrong, and never waits for an app that does not read") {
  program("idle");
  write("closed.sh", "exec sleep 1000 < /dev/null\n");
  done({"start", "./idle"});
  done({"start", "closed.sh"});

  const std::string line(4000, 'x');
  command_result result;
  for (int i = 0; i < 20 && result.exit_code <= 0; ++i) // a pipe holds 64 KiB
    result = run({"send", "idle", line, "-s"});
  CHECK(result.exit_code == 1);
  CHECK_MESSAGE(contains(result.err, "its stdin is full"), result.err);

  CHECK(contains(run({"send", "closed", "x"}).err, "does not read the stdin"));
  done({"stop", "idle"});
  CHECK(contains(run({"send", "idle", "x"}).err, "does not run"));
  CHECK(run({"send", "nobody", "x"}).exit_code == 3);
  CHECK(run({"send", "idle"}).exit_code == 2);
  CHECK(run({"send", "idle", "x", "y"}).exit_code == 2);
}

TEST_CASE_FIXTURE(home_fixture, "attach shows what an app says and sends it what is typed; killed, the app runs on") {
  write("echo.sh", "while read -r line; do echo \"got $line\"; done\n");
  done({"start", "echo.sh"});
  const pid_t app = pid_of("echo");
  fifo typed{path("typed")};
  auto what = procvisor({"attach", "echo"});
  what.input = typed.path();
  {
    background_command attached{what};
    write("typed", "hello\n");
    CHECK(attached.says("got hello"));
    write("typed", "again\n");
    CHECK(attached.says("got again"));
  }
  CHECK(pid_of("echo") == app);
  CHECK(status_of("echo") == "online");
}

TEST_CASE_FIXTURE(home_fixture, "attach ends with its stdin, with the last line sent, and knows what it cannot reach") {
  fifo report{path("report")};
  write("echo.sh", "while IFS= read -r -d ';' line; do echo \"got $line\" > report; done\n");
  done({"start", "echo.sh"});
  auto what = procvisor({"attach", "0", ";"});
  write("typed", "one\ntwo");
  what.input = path("typed");

  CHECK(e2e::run(what).exit_code == 0);
  CHECK(report.line() == "got one");
  CHECK(report.line() == "got two");
  CHECK(run({"attach", "nobody"}).exit_code == 3);
  CHECK(run({"attach"}).exit_code == 2);
  done({"stop", "echo"});
  CHECK(e2e::run(what).exit_code == 1);
}

TEST_CASE_FIXTURE(home_fixture, "sendSignal sends a signal, by name or number, to the app's main process alone") {
  fifo report{path("report")};
  write("app.sh", "sh -c 'trap \"echo child > report\" USR2 USR1 HUP; while :; do sleep 1; done' &\n"
                  "for s in USR2 USR1 HUP; do trap \"echo $s > report\" $s; done\n"
                  "echo up > report\nwhile :; do sleep 0.1; done\n");
  done({"start", "app.sh"});
  REQUIRE(report.line() == "up");

  done({"sendSignal", "SIGUSR2", "app"});
  CHECK(report.line() == "USR2");
  done({"sendSignal", "usr1", "0"});
  CHECK(report.line() == "USR1");
  done({"sendSignal", "1", "all"});
  CHECK(report.line() == "HUP");
  CHECK(restarts_of("app") == 0);
}

TEST_CASE_FIXTURE(home_fixture,
                  "sendSignal refuses what is no signal, and names the nearest; an app it ends comes back") {
  program("idle");
  done({"start", "./idle"});
  const pid_t before = pid_of("idle");

  const auto misspelt = run({"sendSignal", "SIGUSR3", "idle"});
  CHECK(misspelt.exit_code == 2);
  CHECK_MESSAGE(contains(misspelt.err, "SIGUSR"), misspelt.err);
  CHECK(run({"sendSignal", "0", "idle"}).exit_code == 2);
  CHECK(run({"sendSignal", "65", "idle"}).exit_code == 2);
  CHECK(run({"sendSignal", "SIGTERM"}).exit_code == 2);
  CHECK(run({"sendSignal", "SIGTERM", "nobody"}).exit_code == 3);
  CHECK(pid_of("idle") == before);

  done({"sendSignal", "KILL", "idle"});
  CHECK(eventually([&] { return restarts_of("idle") == 1 && pid_of("idle") > 0; }));
  done({"stop", "idle"});
  CHECK(contains(run({"sendSignal", "TERM", "idle"}).err, "does not run"));
}

} // namespace e2e
