// What programs say of themselves: READY, STATUS, WATCHDOG, EXTEND_TIMEOUT_USEC to NOTIFY_SOCKET, 'online' by IPC.
#include "home_fixture.hpp"

namespace e2e {

namespace {

/// A program that connects to NOTIFY_SOCKET as `s`, and then does this.
std::string notifier(const std::string& then) {
  return "import os, socket, sys, time\n"
         "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
         "s.connect('\\0' + os.environ['NOTIFY_SOCKET'][1:])\n"
         + then;
}

bool python_is_missing() {
  if (has_program("python3"))
    return false;
  MESSAGE("left out: python3 is not there");
  return true;
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "with wait_ready a program may say READY=1 to NOTIFY_SOCKET") {
  if (!has_program("python3")) {
    MESSAGE("left out: python3 is not there");
    return;
  }
  fifo orders{path("orders")};
  fifo report{path("report")};
  write("app.py", "import os, socket, time\n"
                  "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
                  "s.connect('\\0' + os.environ['NOTIFY_SOCKET'][1:])\n"
                  "s.send(b'STATUS=READY=1')\n" // not that
                  "open('report', 'w').write('up\\n')\n"
                  "open('orders').readline()\n"
                  "s.send(b'STATUS=here\\nREADY=1\\n')\n"
                  "for i in range(100): s.send(b'WATCHDOG=1')\n" // whose reader does not let it wait
                  "open('report', 'w').write('said\\n')\n"
                  "time.sleep(1000)\n");
  background_command starting{procvisor({"start", "app.py", "--wait-ready", "--listen-timeout", "1m"})};
  REQUIRE(report.line() == "up");
  CHECK(status_of("app") == "launching");
  CHECK(e2e::run({{"sh", "-c", "echo go > orders"}, env, folder(), {}}).exit_code == 0);
  CHECK(starting.finish().exit_code == 0);
  CHECK(report.line() == "said");
  CHECK(status_of("app") == "online");

  const auto late = run({"restart", "app", "--listen-timeout", "100"});
  CHECK(late.exit_code == 5);
}

TEST_CASE_FIXTURE(home_fixture,
                  "with ready_timeout_action kill what is not ready in time is ended, and the command says so") {
  write("slow.sh", "exec sleep 1000\n");
  const auto started = run({"start", "slow.sh", "--wait-ready", "--listen-timeout", "50", "--ready-timeout-action",
                            "kill", "--max-restarts", "1"});
  CHECK(started.exit_code == 5);
  CHECK_MESSAGE(contains(started.err, "was not ready within 50 ms; it is ended"), started.err);
  CHECK(becomes("slow", "errored"));
  CHECK(restarts_of("slow") == 1);
  CHECK(living_of_apps().empty());
}

TEST_CASE_FIXTURE(home_fixture, "a program that asks for more time gets it, and is ready in time") {
  if (python_is_missing())
    return;
  write("app.py", notifier("s.send(b'EXTEND_TIMEOUT_USEC=60000000')\n"
                           "time.sleep(0.5)\n"
                           "s.send(b'READY=1')\n"
                           "time.sleep(1000)\n"));
  done({"start", "app.py", "--wait-ready", "--listen-timeout", "450"});
  CHECK(status_of("app") == "online");
}

TEST_CASE_FIXTURE(home_fixture,
                  "an app with a watchdog that falls silent is restarted, and describe tells its status and why") {
  if (python_is_missing())
    return;
  fifo report{path("report")};
  write("app.py", notifier("s.send(b'STATUS=warming up\\nWATCHDOG=1')\n"
                           "open('report', 'w').write(os.environ['WATCHDOG_USEC'] + '\\n')\n"
                           "time.sleep(1000)\n"));
  done({"start", "app.py", "--watchdog", "700", "--kill-timeout", "100"});
  CHECK(report.line() == "700000");
  CHECK(eventually([&] { return contains(done({"describe", "app"}).out, "warming up"); }));
  CHECK(report.line() == "700000"); // of the next one
  CHECK(restarts_of("app") == 1);
  const auto shown = done({"describe", "app"}).out;
  CHECK_MESSAGE(contains(shown, "no WATCHDOG=1 for 700 ms"), shown);
  CHECK_MESSAGE(contains(shown, "1 watchdog"), shown);
}

TEST_CASE_FIXTURE(
    home_fixture,
    "an app with a watchdog that says that it is well runs on, and one that says it is not is restarted") {
  if (python_is_missing())
    return;
  fifo orders{path("orders")};
  fifo report{path("report")};
  write("app.py", notifier("open('report', 'w').write('up\\n')\n"
                           "for i in range(12): s.send(b'WATCHDOG=1'); time.sleep(0.1)\n"
                           "open('report', 'w').write('well\\n')\n"
                           "s.send(b'WATCHDOG=trigger')\n"
                           "time.sleep(1000)\n"));
  done({"start", "app.py", "--watchdog", "1h", "--kill-timeout", "100"});
  CHECK(report.line() == "up");
  CHECK(report.line() == "well");
  CHECK(report.line() == "up");
  CHECK(contains(done({"describe", "app"}).out, "it says that it is not well"));
}

TEST_CASE_FIXTURE(home_fixture, "a node program may send 'online' instead of 'ready'") {
  if (!has_program("node")) {
    MESSAGE("left out: node is not there");
    return;
  }
  write("app.js", "process.send('online'); setInterval(() => {}, 1000)");
  done({"start", "app.js", "--wait-ready", "--listen-timeout", "1m"});
  CHECK(status_of("app") == "online");
}

} // namespace e2e
