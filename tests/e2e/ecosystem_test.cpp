// One file, four kinds of program: the main job.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "home_fixture.hpp"

namespace e2e {

namespace {

std::string http_get(int port) {
  const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  const std::string_view request = "GET / HTTP/1.0\r\n\r\n";
  if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
      && ::write(connection, request.data(), request.size()) == static_cast<ssize_t>(request.size())) {
    std::array<char, 4096> buffer;
    for (ssize_t got = 0; (got = ::read(connection, buffer.data(), buffer.size())) > 0;)
      answer.append(buffer.data(), static_cast<size_t>(got));
  }
  ::close(connection);
  return answer;
}

constexpr const char* http_service = R"(
const http = require('http');
const fs = require('fs');
const server = http.createServer((request, response) => response.end('greeting ' + process.env.GREETING));
server.listen(0, '127.0.0.1', () => fs.writeFileSync(process.env.REPORT, server.address().port + '\n'));
)";

constexpr const char* python_worker = R"(
import os, signal
with open(os.environ["REPORT"], "w") as report:
    report.write(os.environ["GREETING"] + "\n")
signal.pause()
)";

constexpr const char* shell_script = R"(
echo "$GREETING" > "$REPORT"
while :; do read -r _ < never; done
)";

} // namespace

TEST_CASE_FIXTURE(home_fixture, "a file with a node, a python, a shell and a native app: all run, and come back") {
  if (!has_program("node") || !has_program("python3")) {
    MESSAGE("left out: node or python3 is not there");
    return;
  }
  fifo port{path("port")};
  fifo worker{path("worker.fifo")};
  fifo tick{path("tick.fifo")};
  fifo never{path("never")};
  fifo native{path("native.fifo")};
  program("probe");
  write("app.js", http_service);
  write("worker.py", python_worker);
  write("tick.sh", shell_script);
  write("ecosystem.json", R"({
    // one of each kind
    "apps": [
      {"name": "http", "script": "app.js",
       "env": {"REPORT": "port", "GREETING": "hello"}, "env_production": {"GREETING": "good day"}},
      {"name": "worker", "script": "worker.py",
       "env": {"REPORT": "worker.fifo", "GREETING": "hello"}, "env_production": {"GREETING": "good day"}},
      {"name": "tick", "script": "tick.sh",
       "env": {"REPORT": "tick.fifo", "GREETING": "hello"}, "env_production": {"GREETING": "good day"}},
      {"name": "native", "script": "probe",
       "env": {"REPORT": "native.fifo", "GREETING": "hello"}, "env_production": {"GREETING": "good day"}},
    ],
  })");
  const auto native_greeting = [&] {
    std::string greeting;
    for (std::string line = native.line(); line != "end"; line = native.line())
      if (line.starts_with("greeting="))
        greeting = line.substr(9);
    return greeting;
  };

  done({"start", "ecosystem.json", "--env", "production"});

  for (const char* name : {"http", "worker", "tick", "native"})
    CHECK_MESSAGE(status_of(name) == "online", name);
  CHECK(contains(http_get(std::stoi(port.line())), "greeting good day"));
  CHECK(worker.line() == "good day");
  CHECK(tick.line() == "good day");
  CHECK(native_greeting() == "good day");

  for (const char* name : {"http", "worker", "tick", "native"}) {
    const pid_t before = pid_of(name);
    ::kill(before, SIGKILL);
    CHECK_MESSAGE(eventually([&] { return restarts_of(name) == 1 && status_of(name) == "online"; }), name);
    CHECK_MESSAGE(pid_of(name) != before, name);
  }
  CHECK(contains(http_get(std::stoi(port.line())), "greeting good day"));
  CHECK(worker.line() == "good day");
  CHECK(tick.line() == "good day");
  CHECK(native_greeting() == "good day");
}

TEST_CASE_FIXTURE(home_fixture, "a YAML file, a .config.js, package.json and standard input declare apps alike") {
  program("idle");
  write("ecosystem.yaml", "apps:\n  - name: from-yaml\n    script: ./idle\n");
  write("package.json", R"({"name": "x", "pm2": {"apps": [{"name": "from-package", "script": "./idle"}]}})");
  write("input.json", R"([{"name": "from-input", "script": "./idle"}])");

  done({"start", "ecosystem.yaml"});
  done({"start", "package.json"});
  command from_input = procvisor({"start", "-"});
  from_input.input = path("input.json");
  CHECK(e2e::run(from_input).exit_code == 0);

  CHECK(status_of("from-yaml") == "online");
  CHECK(status_of("from-package") == "online");
  CHECK(status_of("from-input") == "online");

  if (has_program("node")) {
    write("ecosystem.config.js", "module.exports = {apps: [{name: 'from-' + 'js', script: './idle'}]};");
    done({"start", "ecosystem.config.js"});
    CHECK(status_of("from-js") == "online");
  }
}

TEST_CASE_FIXTURE(home_fixture,
                  "start without a file takes the ecosystem file of the folder, and --only a part of it") {
  program("idle");
  write("ecosystem.json", R"([{"name": "a", "script": "./idle"}, {"name": "b", "script": "./idle"},
                              {"name": "c", "script": "./idle"}])");

  done({"start", "--only", "a,c"});

  CHECK(processes().size() == 2);
  CHECK(status_of("a") == "online");
  CHECK(status_of("c") == "online");

  const pid_t before = pid_of("a");
  done({"start"}); // what runs is restarted with the file's values
  CHECK(processes().size() == 3);
  CHECK(pid_of("a") != before);
}

} // namespace e2e
