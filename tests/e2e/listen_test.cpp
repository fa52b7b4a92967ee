// The key `listen` with programs in C, sh, Python and Node.
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <set>
#include <string>

#include "home_fixture.hpp"
#include "http_client.hpp"

namespace e2e {

namespace {

/// Asks, four times at a time, until it is told to end; then says how many were answered and how many were not.
constexpr const char* load_program = R"(import os, signal, socket, sys, threading
port, over, answered, failed = int(sys.argv[1]), threading.Event(), [0], []
def ask():
    while not over.is_set():
        try:
            with socket.create_connection(('127.0.0.1', port), 30) as s:
                s.sendall(b'GET / HTTP/1.1\r\n\r\n')
                said = b''
                while True:
                    more = s.recv(4096)
                    if not more: break
                    said += more
                if not said.startswith(b'HTTP/1.1 200'): raise OSError('cut: %r' % said)
                answered[0] += 1
                if answered[0] == 100: print('busy', flush=True)
        except OSError as e:
            failed.append(str(e))
signal.signal(signal.SIGTERM, lambda *_: over.set())
threads = [threading.Thread(target=ask) for _ in range(4)]
for t in threads: t.start()
while not over.is_set(): over.wait(60)
for t in threads: t.join()
print('answered', answered[0], 'failed', len(failed), *failed[:3])
)";

struct listen_fixture : home_fixture {
  int port = free_port();
  std::string address = "127.0.0.1:" + std::to_string(port);

  listen_fixture() {
    env["VERSION"] = "one";
    program("greeter");
    write("load.py", load_program);
  }

  std::string answer() const { return http_get(port, "/").body; }
  std::set<std::string> answers(int times) const {
    std::set<std::string> all;
    for (int i = 0; i < times; ++i)
      all.insert(answer());
    return all;
  }
  /// Whether each of the two processes answers, while the other one is stopped: whoever is first takes a connection.
  bool both_answer() const {
    std::set<std::string> all;
    const auto rows = processes();
    REQUIRE(rows.size() == 2);
    for (size_t i = 0; i < 2; ++i) {
      const auto other = rows.at(1 - i).at("pid").get<pid_t>();
      kill(other, SIGSTOP);
      all.insert(answer());
      kill(other, SIGCONT);
    }
    return all.size() == 2 && !all.contains("");
  }
  command load() const { return {{"python3", path("load.py"), std::to_string(port)}, env, folder(), {}}; }
  static std::string end_of(background_command& load) {
    kill(load.pid(), SIGTERM);
    const auto result = load.finish();
    return result.out + result.err;
  }
};

sockaddr_un name_of(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof name.sun_path);
  std::memcpy(name.sun_path, path.data(), path.size());
  return name;
}

/// What a server at this path says; empty where nobody listens.
std::string ask_at(const std::string& path) {
  const auto name = name_of(path);
  const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string said;
  if (::connect(client, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) {
    constexpr std::string_view request = "GET / HTTP/1.1\r\n\r\n";
    CHECK(::write(client, request.data(), request.size()) == static_cast<ssize_t>(request.size()));
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(client, buffer, sizeof buffer)) > 0;)
      said.append(buffer, static_cast<size_t>(n));
  }
  ::close(client);
  return said;
}

} // namespace

TEST_CASE_FIXTURE(listen_fixture, "listen hands a program its sockets from descriptor 3, by number, name and pid") {
  fifo report{path("report")};
  write("app.sh", "n=3; while [ -S /proc/self/fd/$n ]; do n=$((n+1)); done\n"
                  "[ $LISTEN_PID = $$ ] && whose=mine\n"
                  "echo \"$LISTEN_FDS $LISTEN_FDNAMES $whose $((n-3))\" > report; exec sleep 1000\n");
  write("eco.json",
        "{apps: [{script: 'app.sh', listen: ['" + address + "', './x.sock', '[::1]:" + std::to_string(port) + "']}]}");
  const std::string name = std::to_string(port);

  done({"start", "eco.json"});
  CHECK(report.line() == "3 " + name + ":x.sock:" + name + " mine 3");
  done({"restart", "app"});
  CHECK(report.line() == "3 " + name + ":x.sock:" + name + " mine 3");
  env["LISTEN_FDS"] = "7"; // somebody else's
  done({"start", "app.sh", "--name", "none"});
  CHECK(report.line() == "   0");
}

TEST_CASE_FIXTURE(listen_fixture, "processes share what listen opens, and it is closed when the last one is stopped") {
  done({"start", "./greeter", "--listen", address, "-i", "2"});
  CHECK(both_answer());
  done({"stop", "0"});
  CHECK(answer() == "one " + std::to_string(processes().at(1).at("pid").get<pid_t>()));

  done({"stop", "1"});
  CHECK(http_get(port, "/").status == 0);
  done({"start", "greeter"});
  CHECK(answer().starts_with("one "));
  done({"delete", "greeter"});
  CHECK(http_get(port, "/").status == 0);
}

TEST_CASE_FIXTURE(listen_fixture, "restart and reload with listen lose no request, and reload leaves no gap") {
  if (!has_program("python3")) {
    MESSAGE("left out: python3 is not there");
    return;
  }
  done({"start", "./greeter", "--listen", address, "--listen-timeout", "100"});
  background_command asking{load()};
  REQUIRE(asking.says("busy"));

  const auto first = pid_of("greeter");
  done({"restart", "greeter"});
  CHECK(!is_alive(first));
  for (const std::string version : {"two", "three"}) {
    env["VERSION"] = version;
    const auto before = pid_of("greeter");
    const auto reloaded = done({"reload", "greeter", "--update-env"});
    CHECK_MESSAGE(!contains(reloaded.err, "restart"), reloaded.err);
    CHECK(!is_alive(before));
    CHECK(answer() == version + " " + std::to_string(pid_of("greeter")));
  }

  const auto came = end_of(asking);
  CHECK_MESSAGE(contains(came, "failed 0"), came);
}

TEST_CASE_FIXTURE(listen_fixture,
                  "a reload into a program that ends at once leaves the old one serving on its socket") {
  done({"start", "./greeter", "--listen", address});
  const auto before = answer();
  env["DIES"] = "yes";

  const auto result = run({"reload", "greeter", "--update-env"});
  CHECK(result.exit_code == 4);
  CHECK_MESSAGE(contains(result.err, "no sockets for me"), result.err);
  CHECK(answer() == before);
}

TEST_CASE_FIXTURE(listen_fixture, "daemon and keeper may be killed: the next ones hold the same sockets") {
  done({"start", "./greeter", "--listen", address});
  for (const std::string role : {"daemon", "keeper"}) {
    CAPTURE(role);
    const auto before = answer();
    kill_role(role);
    CHECK(answer() == before);
    done({"restart", "greeter"});
    CHECK(answer() == "one " + std::to_string(pid_of("greeter")));
  }

  done({"stop", "greeter"});
  CHECK(http_get(port, "/").status == 0);
}

TEST_CASE_FIXTURE(listen_fixture, "listen on what is taken, or not allowed, is a failed start that says so") {
  int taken = 0;
  const int holder = listen_on_any_port(taken);
  const auto there = "127.0.0.1:" + std::to_string(taken);
  const auto result = run({"start", "./greeter", "--listen", there});
  CHECK(result.exit_code == 4);
  CHECK_MESSAGE(contains(result.err, "listening on " + there + " failed: Address already in use"), result.err);
  CHECK(status_of("greeter") == "errored");
  close(holder);
  done({"restart", "greeter"});
  CHECK(http_get(taken, "/").body.starts_with("one "));

  write("file.sock", "no socket");
  const auto file = run({"start", "./greeter", "--name", "file", "--listen", "./file.sock"});
  CHECK(file.exit_code == 4);
  CHECK_MESSAGE(contains(file.err, "file.sock failed: Address already in use"), file.err);
  CHECK(read("file.sock") == "no socket");
  CHECK(run({"start", "./greeter", "--name", "name", "--listen", "localhost:80"}).exit_code == 2);
  CHECK(run({"start", "./greeter", "--name", "twice", "--listen", address + " " + address}).exit_code == 2);
}

TEST_CASE_FIXTURE(listen_fixture,
                  "listen on a path: in the place of one that was left behind, gone after the last stop") {
  const auto name = name_of(path("x.sock"));
  const int left_behind = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(left_behind, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  REQUIRE(::listen(left_behind, 1) == 0);
  CHECK(contains(run({"start", "./greeter", "--name", "early", "--listen", "./x.sock"}).err, "already in use"));
  ::close(left_behind);

  done({"start", "./greeter", "--listen", "./x.sock"});
  CHECK(contains(ask_at(path("x.sock")), "one " + std::to_string(pid_of("greeter"))));
  struct stat about {};
  REQUIRE(stat(path("x.sock").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0666);
  done({"stop", "greeter"});
  CHECK(!exists("x.sock"));
}

TEST_CASE_FIXTURE(listen_fixture,
                  "a node app with listen runs in fork mode, and finds its channel behind the sockets") {
  if (!has_program("node")) {
    MESSAGE("left out: node is not there");
    return;
  }
  write("app.js", "const server = require('http').createServer((q, a) => { a.setHeader('Connection', 'close');"
                  " a.end(`node ${process.pid}`); }).listen({fd: 3}, () => process.send('ready'));\n"
                  "process.on('SIGINT', () => server.close(() => process.exit(0)));\n");
  done({"start", "app.js", "-i", "2", "--listen", address, "--wait-ready", "--listen-timeout", "30s"});

  for (const auto& row : processes())
    CHECK(row.at("pm2_env").at("exec_mode") == "fork_mode");
  CHECK(both_answer());
  const auto before = answers(8);
  done({"reload", "app"});
  CHECK(both_answer());
  for (const auto& one : answers(8))
    CHECK(!before.contains(one));
  const auto refused = run({"start", "app.js", "--name", "c", "-x", "cluster", "--listen", address});
  CHECK(refused.exit_code == 2);
  CHECK_MESSAGE(contains(refused.err, "is for fork mode"), refused.err);
}

} // namespace e2e
