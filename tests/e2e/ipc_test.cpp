// The IPC channel: wait_ready, shutdown_with_message and trigger, with node and python3.
#include <signal.h>

#include "home_fixture.hpp"

namespace e2e {

namespace {

/// How a program in Python speaks on its channel.
const std::string python_channel = "import json, os, socket, time\n"
                                   "channel = socket.socket(fileno=int(os.environ['NODE_CHANNEL_FD']))\n"
                                   "lines = channel.makefile('r')\n"
                                   "def say(message): channel.sendall((json.dumps(message) + '\\n').encode())\n";

struct ipc_fixture : home_fixture {
  bool has_programs = has_program("node") && has_program("python3");

  ipc_fixture() {
    if (!has_programs)
      MESSAGE("left out: node or python3 is not there");
  }
};

} // namespace

TEST_CASE_FIXTURE(ipc_fixture, "what node runs has an IPC channel, and what asks for none has no descriptor more") {
  if (!has_programs)
    return;
  fifo report{path("report")};
  write("app.js", "require('fs').writeFileSync('report', typeof process.send + '\\n'); setInterval(() => {}, 1e6);");
  done({"start", "app.js"});
  CHECK(report.line() == "function");

  program("probe");
  env["REPORT"] = report.path();
  done({"start", "probe"});
  std::string fds;
  for (std::string line = report.line(); line != "end"; line = report.line())
    if (line.starts_with("fds="))
      fds = line;
  CHECK(fds == "fds=0 1 2");
}

TEST_CASE_FIXTURE(ipc_fixture, "a node program with nothing left to do ends, its channel notwithstanding") {
  if (!has_programs)
    return;
  write("job.js", "process.exitCode = 0;");
  done({"start", "job.js", "--no-autorestart"});
  CHECK(becomes("job", "stopped"));
}

TEST_CASE_FIXTURE(ipc_fixture, "with wait_ready an app is launching until it says ready, and start waits for it") {
  if (!has_programs)
    return;
  fifo go{path("go")};
  write("app.js", "require('fs').watch('.', () => {\n"
                  "  if (require('fs').existsSync('now')) process.send('ready');\n"
                  "}); setInterval(() => {}, 1e6); require('fs').writeFileSync('go', 'up\\n');");
  background_command start{procvisor({"start", "app.js", "--wait-ready", "--listen-timeout", "1m"})};
  REQUIRE(go.line() == "up");
  CHECK(status_of("app") == "launching");
  CHECK(pid_of("app") > 0);

  write("now", "");
  CHECK(start.finish().exit_code == 0);
  CHECK(status_of("app") == "online");
}

TEST_CASE_FIXTURE(ipc_fixture, "an app that is not ready in time: exit code 5, and it is online all the same") {
  if (!has_programs)
    return;
  write("app.py", python_channel + "time.sleep(1000)\n");

  const auto result = run({"start", "app.py", "--wait-ready", "--listen-timeout", "300"});

  CHECK(result.exit_code == 5);
  CHECK_MESSAGE(contains(result.err, "'app' was not ready within 300 ms"), result.err);
  CHECK(status_of("app") == "online");
}

TEST_CASE_FIXTURE(ipc_fixture, "an app that ends before it is ready is a failed start; one that becomes ready is not") {
  if (!has_programs)
    return;
  write("bad.py", "import sys\nsys.exit('no database')\n");
  write("good.py", python_channel + "time.sleep(0.5)\nsay('ready')\ntime.sleep(1000)\n");

  const auto bad = run({"start", "bad.py", "--wait-ready", "--listen-timeout", "1m", "--restart-delay", "1h"});
  CHECK(bad.exit_code == 4);
  CHECK_MESSAGE(contains(bad.err, "before it was ready"), bad.err);
  CHECK_MESSAGE(contains(bad.err, "no database"), bad.err);

  done({"start", "good.py", "--wait-ready", "--listen-timeout", "1m"});
  CHECK(status_of("good") == "online");
  done({"restart", "good"});
}

TEST_CASE_FIXTURE(ipc_fixture, "shutdown_with_message: the message and no signal, and SIGKILL when it is ignored") {
  if (!has_programs)
    return;
  fifo report{path("report")};
  write("polite.js",
        "process.on('SIGINT', () => require('fs').writeFileSync('report', 'signal\\n'));\n"
        "process.on('message', m => { require('fs').writeFileSync('report', m + '\\n'); process.exit(0); });\n"
        "require('fs').writeFileSync('report', 'up\\n');");
  write("deaf.py",
        "import signal, time\nsignal.signal(signal.SIGINT, lambda *a: open('report', 'w').write('signal\\n'))\n"
        "open('report', 'w').write('up\\n')\ntime.sleep(1000)\n");
  done({"start", "polite.js", "--shutdown-with-message"});
  REQUIRE(report.line() == "up");
  done({"stop", "polite"});
  CHECK(report.line() == "shutdown");
  CHECK(eventually([&] { return contains(read("home/procvisor.log"), "exit code 0"); }));

  done({"start", "deaf.py", "--shutdown-with-message", "--kill-timeout", "300"});
  REQUIRE(report.line() == "up");
  const pid_t pid = pid_of("deaf");
  done({"stop", "deaf"});
  CHECK(!is_alive(pid));
  CHECK(eventually(
      [&] { return contains(read("home/procvisor.log"), "300 ms after the message 'shutdown': sending SIGKILL"); }));
}

TEST_CASE_FIXTURE(ipc_fixture, "trigger asks an app for an action that it offers, and prints its reply") {
  if (!has_programs)
    return;
  write("app.js", "process.on('message', m => {\n"
                  "  const action = m.msg || m;\n"
                  "  process.send({type: 'axm:reply', data: {return: {did: action, with: m.opts || null},\n"
                  "                action_name: action}});\n"
                  "});\n"
                  "for (const action_name of ['hi', 'flush'])\n"
                  "  process.send({type: 'axm:action', data: {action_name, arity: 0}});\n"
                  "process.send({type: 'axm:monitor', data: {Queue: {value: 12, unit: 'jobs'}}});\n"
                  "process.send('ready');");
  done({"start", "app.js", "--wait-ready", "--listen-timeout", "1m"});

  CHECK(done({"trigger", "app", "hi"}).out == "[app:0:default]={\"did\":\"hi\",\"with\":null}\n");
  CHECK(done({"trigger", "0", "flush", "a b"}).out == "[app:0:default]={\"did\":\"flush\",\"with\":\"a b\"}\n");
  const auto unknown = run({"trigger", "app", "flusj"});
  CHECK(unknown.exit_code == 3);
  CHECK_MESSAGE(contains(unknown.err, "did you mean 'flush'"), unknown.err);
  CHECK(run({"trigger", "nobody", "hi"}).exit_code == 3);
  CHECK(run({"trigger", "app"}).exit_code == 2);

  const auto seen = process("app").at("pm2_env");
  CHECK(seen.at("axm_actions").size() == 2);
  CHECK(seen.at("axm_actions")[0].at("action_name") == "hi");
  CHECK(seen.at("axm_monitor").at("Queue").at("value") == 12);
  const auto described = done({"describe", "app"}).out;
  CHECK(contains(described, "hi, flush"));
  CHECK(contains(described, "Queue 12 jobs"));

  done({"stop", "app"});
  CHECK(process("app").at("pm2_env").at("axm_actions").empty());
  CHECK(contains(run({"trigger", "app", "hi"}).err, "does not run"));
}

TEST_CASE_FIXTURE(ipc_fixture,
                  "an app that ends instead of a reply is a failed trigger, and its garbage does no harm") {
  if (!has_programs)
    return;
  write("app.py", python_channel
                      + "channel.sendall(b'no json\\n' + b'[' * 100000 + b'\\n' + b'x' * 3000000 + b'\\n')\n"
                        "say({'type': 'axm:action', 'data': {'action_name': 'die'}})\n"
                        "say({'type': 7})\nsay('ready')\n"
                        "if json.loads(lines.readline()) == 'die': os._exit(0)\n");
  done({"start", "app.py", "--wait-ready", "--listen-timeout", "1m"});

  const auto result = run({"trigger", "app", "die"});

  CHECK(result.exit_code == 1);
  CHECK_MESSAGE(contains(result.err, "it ended before it replied to 'die'"), result.err);
  REQUIRE(eventually([&] { return contains(read("home/procvisor.log"), "ended with"); }));
  const auto log = read("home/procvisor.log");
  const auto of_first_launch = log.substr(0, log.find("ended with"));
  const auto first = of_first_launch.find("sent something on its IPC channel");
  REQUIRE(first != std::string::npos);
  CHECK(of_first_launch.find("sent something on its IPC channel", first + 1) == std::string::npos);
}

} // namespace e2e
