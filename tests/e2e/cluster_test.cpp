// Cluster mode and reload, with node: unmodified programs on one port, replaced under load.
#include <signal.h>
#include <unistd.h>

#include <set>
#include <string>

#include "home_fixture.hpp"
#include "http_client.hpp"
#include "http_load.hpp"

namespace e2e {

namespace {

const std::string server =
    "const http = require('http');\n"
    "http.createServer((request, response) => response.end(`${process.env.VERSION} ${process.pid}`))\n"
    "  .listen(+process.env.PORT, '127.0.0.1');\n";

struct cluster_fixture : home_fixture {
  bool has_node = has_program("node");
  int port = free_port();

  cluster_fixture() {
    if (!has_node)
      MESSAGE("left out: node is not there");
    write("app.js", server);
    env["PORT"] = std::to_string(port);
    env["VERSION"] = "one";
  }

  /// What answers, "version pid".
  std::string answer() const { return http_get(port, "/", {"Connection: close"}).body; }
  std::set<std::string> answers(int times) const {
    std::set<std::string> all;
    for (int i = 0; i < times; ++i)
      all.insert(answer());
    return all;
  }
  command load_command(const char* kind) const { return http_load(*this, port, kind); }
  bool serves() const {
    return eventually([&] { return !answer().empty(); });
  }
};

} // namespace

TEST_CASE_FIXTURE(cluster_fixture, "a node app with instances serves one port with all of them, unmodified") {
  if (!has_node)
    return;
  done({"start", "app.js", "-i", "2"});
  REQUIRE(eventually([&] { return answers(8).size() == 2; }));

  for (const auto& row : processes())
    CHECK(row.at("pm2_env").at("exec_mode") == "cluster_mode");
  CHECK(contains(done({"list"}).out, "cluster"));

  done({"scale", "app", "3"});
  CHECK(eventually([&] { return answers(12).size() == 3; }));
  done({"stop", "app"});
  CHECK(http_get(port, "/").status == 0); // whoever else wants the port may have it
}

TEST_CASE_FIXTURE(cluster_fixture, "reload replaces every process under load, and no request fails") {
  if (!has_node)
    return;
  for (const std::string policy : {"round_robin", "shared"}) {
    CAPTURE(policy);
    env["VERSION"] = "one";
    done({"start", "app.js", "-i", "2", "--name", policy, "--cluster-policy", policy});
    REQUIRE(serves());
    background_command fresh{load_command("new")};
    REQUIRE(fresh.says("busy"));
    background_command kept{load_command("keep")};
    REQUIRE(kept.says("busy"));
    for (const std::string version : {"two", "three"}) {
      env["VERSION"] = version;
      const auto before = processes();
      done({"reload", policy, "--update-env", "--graceful-timeout", "1s"});
      for (const auto& row : before)
        CHECK(!is_alive(row.at("pid")));
      for (const auto& one : answers(4))
        CHECK(one.starts_with(version));
    }
    const auto new_ones = end_of(fresh);
    CHECK_MESSAGE(contains(new_ones, "failed 0"), new_ones);
    const auto keep_alive = end_of(kept);
    CHECK_MESSAGE(contains(keep_alive, "failed 0"), keep_alive);
    CHECK(processes().at(0).at("pm2_env").at("restart_time") == 2);
    done({"delete", policy});
  }
}

TEST_CASE_FIXTURE(cluster_fixture,
                  "a reload into a version that ends at once leaves the old one serving: exit code 4") {
  if (!has_node)
    return;
  done({"start", "app.js", "-i", "2"});
  REQUIRE(serves());
  const auto pids = processes();
  write("app.js", "console.error('no database'); process.exit(3);");

  const auto result = run({"reload", "app"});

  CHECK(result.exit_code == 4);
  CHECK_MESSAGE(contains(result.err, "ended with exit code 3"), result.err);
  CHECK_MESSAGE(contains(result.err, "no database"), result.err);
  CHECK(answer().starts_with("one "));
  for (size_t i = 0; i < pids.size(); ++i)
    CHECK(processes().at(i).at("pid") == pids.at(i).at("pid"));
  CHECK(contains(done({"describe", "0"}).out, "reload failed"));

  write("app.js", server);
  done({"reload", "app"});
  CHECK(!contains(done({"describe", "0"}).out, "reload failed"));
}

TEST_CASE_FIXTURE(cluster_fixture,
                  "a reload into a version that never listens leaves the old one serving: exit code 5") {
  if (!has_node)
    return;
  done({"start", "app.js", "-i", "1", "--listen-timeout", "700"});
  REQUIRE(serves());
  const auto pid = pid_of("app");
  write("app.js", "setInterval(() => {}, 1e6);");

  const auto result = run({"reload", "app"});

  CHECK(result.exit_code == 5);
  CHECK_MESSAGE(contains(result.err, "did not listen on a port within 700 ms"), result.err);
  CHECK(pid_of("app") == pid);
  CHECK(answer() == "one " + std::to_string(pid));
  CHECK(eventually([&] { return read("home/pids/app-0.pid") == std::to_string(pid) + "\n"; }));
  CHECK(eventually([&] { return living_of_apps().size() == 1; }));
}

TEST_CASE_FIXTURE(cluster_fixture, "gracefulReload sends the message 'shutdown' to what it has replaced") {
  if (!has_node)
    return;
  fifo said{path("said")};
  write("app.js", server + "process.on('message', message => require('fs').writeFileSync('said', message + '\\n'));\n");
  done({"start", "app.js", "-i", "1"});
  REQUIRE(serves());

  done({"gracefulReload", "app"});

  CHECK(said.line() == "shutdown");
  CHECK(serves());
}

TEST_CASE_FIXTURE(cluster_fixture,
                  "startOrReload starts what does not run, and reloads what does with its new values") {
  if (!has_node)
    return;
  const auto file = [](const char* version) {
    return std::string{R"([{"name": "app", "script": "app.js", "instances": 2, "env": {"VERSION": ")"} + version
           + R"("}}])";
  };
  write("apps.json", file("one"));
  done({"startOrReload", "apps.json"});
  REQUIRE(serves());
  write("apps.json", file("two"));

  done({"startOrGracefulReload", "apps.json", "--parallel", "2"});

  for (const auto& one : answers(4))
    CHECK(one.starts_with("two "));
  CHECK(processes().size() == 2);
}

TEST_CASE_FIXTURE(cluster_fixture, "in fork mode a reload is a restart, and says so") {
  program("idle");
  done({"start", "./idle", "--name", "job"});
  const auto pid = pid_of("job");

  const auto result = done({"reload", "job"});

  CHECK_MESSAGE(contains(result.err, "'job' runs in fork mode without 'listen', so that its reload is a restart"),
                result.err);
  CHECK(pid_of("job") != pid);
  CHECK(run({"reload", "job", "--parallel", "0"}).exit_code == 2);
  CHECK(run({"reload", "none"}).exit_code == 3);
  CHECK(run({"startOrReload", "job"}).exit_code == 2);
  CHECK(run({"startOrGracefulReload", "job"}).exit_code == 2);
}

TEST_CASE_FIXTURE(cluster_fixture, "workers share any port, a path and UDP, and hear of a port that is taken") {
  if (!has_node)
    return;
  int taken = 0;
  const int holder = listen_on_any_port(taken);
  fifo report{path("report")};
  write("app.js", R"(const net = require('net'), dgram = require('dgram'), fs = require('fs');
const say = line => fs.appendFileSync('report', line + '\n');
const any = net.createServer(c => c.end('any')).listen(0, () => {
  const path = net.createServer(c => c.end('path')).listen('app.sock', () => {
    const udp = dgram.createSocket('udp4').bind(0, () => {
      net.createServer(() => {}).on('error', error => {
        net.createServer(() => {}).listen({port: 0, exclusive: true}, () =>
          say(`${any.address().port} ${path.address()} ${udp.address().port > 0} ${error.code}`));
      }).listen()" + std::to_string(taken)
                      + R"();
    });
  });
});
)");
  done({"start", "app.js", "-i", "2"});

  const auto first = report.line();
  CHECK(first == report.line()); // the same port for both
  CHECK_MESSAGE(contains(first, "app.sock true EADDRINUSE"), first);
  CHECK(exists("app.sock"));
  close(holder);
  done({"stop", "all"});
  CHECK(!exists("app.sock"));
}

TEST_CASE_FIXTURE(cluster_fixture, "a worker that is stopped by SIGSTOP does not keep the others from serving") {
  if (!has_node)
    return;
  done({"start", "app.js", "-i", "2"});
  REQUIRE(eventually([&] { return answers(8).size() == 2; }));
  const auto frozen = processes().at(0).at("pid").get<pid_t>();
  kill(frozen, SIGSTOP);
  // Those that it is dealt wait for it; nobody else does.
  write("flood.js",
        "const net = require('net'); let answered = 0;\n"
        "for (let i = 0; i < 60; ++i) {\n"
        "  const c = net.connect(+process.env.PORT, '127.0.0.1', () => c.write('GET / HTTP/1.0\\r\\n\\r\\n'));\n"
        "  c.on('data', () => { if (++answered === 52) { console.log('enough'); process.exit(0); } });\n"
        "}\n");
  background_command flood{{{"node", path("flood.js")}, env, folder(), {}}};
  CHECK(flood.says("enough"));
  kill(frozen, SIGCONT);
}

TEST_CASE_FIXTURE(cluster_fixture,
                  "the daemon may be killed: the workers run on, and the next one serves the same port with them") {
  if (!has_node)
    return;
  done({"start", "app.js", "-i", "2"});
  REQUIRE(eventually([&] { return answers(8).size() == 2; }));
  const auto before = answers(8);
  for (int i = 0; i < 3; ++i) {
    kill_role("daemon");
    CHECK(before.contains(answer())); // it waits for the next daemon
  }
  CHECK(answers(8) == before);
  env["VERSION"] = "two";
  done({"reload", "app", "--update-env"});
  for (const auto& one : answers(4))
    CHECK(one.starts_with("two "));
  done({"stop", "app"});
  CHECK(http_get(port, "/").status == 0);
}

TEST_CASE_FIXTURE(cluster_fixture, "a stop overtakes a reload, and leaves no process behind") {
  if (!has_node)
    return;
  done({"start", "app.js", "-i", "2", "--listen-timeout", "1m"});
  REQUIRE(serves());
  fifo up{path("up")};
  write("app.js", "require('fs').writeFileSync('up', 'up\\n'); setInterval(() => {}, 1e6);");
  background_command reload{procvisor({"reload", "app"})};
  REQUIRE(up.line() == "up");

  CHECK(contains(run({"reload", "app"}).err, "a reload of 'app' is under way"));
  done({"stop", "app"});

  CHECK(living_of_apps().empty());
  for (const auto& row : processes())
    CHECK(row.at("pm2_env").at("status") == "stopped");
  CHECK(reload.finish().exit_code != 0);
  for (const auto& row : processes())
    CHECK(row.at("pm2_env").at("status") == "stopped");
}

} // namespace e2e
