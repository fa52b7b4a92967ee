// `deploy` over a real ssh, to a server of the test's own.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "deploy_fixture.hpp"
#include "ssh_server.hpp"

namespace e2e {

namespace {

namespace fs = std::filesystem;

const bool has_no_sshd = sshd_program().empty();
const bool has_no_pm2 = std::getenv("PROCVISOR_PM2") == nullptr;

struct ssh_fixture : deploy_fixture {
  ssh_server server{*this};
};

/// The words of a list that `deploy list` prints, without their numbers.
std::string commits_of(const std::string& list) {
  std::string commits;
  for (const auto& line : lines_of(list))
    commits += line.substr(line.find('\t') + 1) + "\n";
  return commits;
}

struct pm2_fixture : ssh_fixture {
  pm2_fixture() {
    env["PM2_HOME"] = path("pm2");
    env["PM2_DISCRETE_MODE"] = "true";
  }
  ~pm2_fixture() { CHECK(e2e::run({{std::getenv("PROCVISOR_PM2"), "kill"}, env, folder(), {}}).exit_code == 0); }

  command_result pm2(words arguments) const {
    arguments.insert(arguments.begin(), {std::getenv("PROCVISOR_PM2"), "deploy", "ecosystem.json", "production"});
    auto ended = e2e::run({std::move(arguments), env, path("work"), {}});
    REQUIRE_MESSAGE(ended.exit_code == 0, ended.out, ended.err);
    return ended;
  }

  /// PM2 wants texts for numbers.
  void configure_both(const std::string& keys) const {
    auto server_keys = server.keys();
    const std::string port = std::to_string(server.port());
    server_keys.replace(server_keys.find(": " + port) + 2, port.size(), "\"" + port + "\"");
    configure(server_keys + (keys.empty() ? "" : ", ") + keys);
  }
};

} // namespace

TEST_CASE_FIXTURE(ssh_fixture,
                  "deploy over ssh: everything is one connection for each command" * doctest::skip(has_no_sshd)) {
  configure(server.keys() + R"(, "env": {"colour": "dark 'blue'"}, "pre-setup": "pwd > )" + path("seen")
            + R"(", "post-deploy": "echo $COLOUR, $SHARED, ${SSH_CONNECTION:+ssh} >> )" + path("seen") + "\"");
  ends(0, {"production", "setup"});
  CHECK(server.connections() == 1);
  const auto second = commit("file", "2");
  ends(0, {"production"});
  CHECK(server.connections() == 2);
  CHECK(head() == second);
  const char* home = std::getenv("HOME");
  if (home != nullptr)
    CHECK(lines_of(seen()).front() == fs::canonical(home).string());
  CHECK(lines_of(seen()).back() == "dark 'blue', " + path("srv") + "/shared, ssh");
  CHECK(ends(0, {"production", "exec", "pwd; exit 0"}).out == path("srv/current") + "\n");
  CHECK(second.starts_with(ends(0, {"production", "curr"}).out.substr(0, 7)));
  ends(0, {"production", "ref", "HEAD~1"});
  ends(0, {"production", "revert"});
  CHECK(head() == second);
}

TEST_CASE_FIXTURE(ssh_fixture,
                  "deploy over ssh: with needs_tty programs there have this terminal" * doctest::skip(has_no_sshd)) {
  configure(server.keys() + R"(, "needs_tty": true, "post-deploy": "tty > )" + path("seen")
            + R"(; printf 'password: ' > /dev/tty; printf 'given\\n'")");
  const auto set_up = run_in_terminal(deploying({"production", "setup"}), 100);
  CHECK_MESSAGE(set_up.exit_code == 0, set_up.out);
  const auto deployed = run_in_terminal(deploying({"production"}), 100);
  CHECK_MESSAGE(deployed.exit_code == 0, deployed.out);
  CHECK(seen().starts_with("/dev/pts/"));
  CHECK(contains(deployed.out, "\npassword: given\n"));
  CHECK(contains(deployed.out, "127.0.0.1: deployed "));
  CHECK(contains(run_in_terminal(deploying({"production", "exec", "test -t 0 && echo yes"}), 100).out, "yes\n"));
  ends(0, {"production", "setup"});
  const auto made = e2e::run({{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path("other")}, env, folder(), {}});
  REQUIRE(made.exit_code == 0);
  std::ofstream{server.known_hosts()} << "[127.0.0.1]:" << server.port() << " " << read("other.pub");
  const auto changed = ends(1, {"production"});
  CHECK(contains(changed.err, "127.0.0.1: its host key has changed"));
  CHECK(contains(changed.err,
                 "hint: if it was set up anew: ssh-keygen -R '[127.0.0.1]:" + std::to_string(server.port())));

  configure(R"("host": "127.0.0.1", "port": 1)");
  const auto refused = ends(1, {"production"});
  CHECK(contains(refused.err, "127.0.0.1: cannot connect:"));
  CHECK(contains(refused.err, "Connection refused"));
  CHECK(contains(refused.err, "hint: try: ssh -p 1 127.0.0.1"));
}

TEST_CASE_FIXTURE(ssh_fixture,
                  "deploy over ssh: a connection that is cut leaves the version before, and the next deploy goes on"
                      * doctest::skip(has_no_sshd)) {
  fifo hook{path("hook")};
  configure(server.keys() + R"(, "pre-deploy": "[ ! -e ../wait ] || { echo $$ > )" + path("hook")
            + R"(; exec sleep 1000; }")");
  const auto first = git({"rev-parse", "HEAD"});
  ends(0, {"production", "setup"});
  ends(0, {"production"});
  const auto second = commit("file", "2");
  write("srv/wait", "");

  background_command deploying_now{deploying({"production"})};
  const pid_t sleeper = static_cast<pid_t>(std::stol(hook.line()));
  REQUIRE(deploying_now.says("127.0.0.1: pre-deploy")); // it has heard of that over the connection
  server.cut();
  const auto broken = deploying_now.finish();
  CHECK(broken.exit_code == 1);
  CHECK_MESSAGE(contains(broken.err, "127.0.0.1: the connection broke while pre-deploy"), broken.err);
  CHECK(contains(broken.err, "hint: nothing has been changed: deploy again"));
  CHECK(e2e::ends(sleeper));
  CHECK(head() == first);
  CHECK(read("srv/.deploys") == first + "\n");

  fs::remove(path("srv/wait"));
  write("srv/source/.git/index.lock", "");
  REQUIRE(eventually([&] { return deploy({"production"}).exit_code == 0; })); // when the lock's holder has ended, too
  CHECK(head() == second);
}

TEST_CASE_FIXTURE(pm2_fixture, "deploy and PM2's: what one has set up the other updates, with the same variables"
                                   * doctest::skip(has_no_sshd || has_no_pm2)) {
  const auto variables_of = [&](const std::string& text) {
    auto lines = lines_of(text);
    std::sort(lines.begin(), lines.end());
    std::string chosen; // others count shells, or are of one connection
    for (const auto& line : lines)
      for (const char* name : {"FOO_BAR=", "HOME=", "LOGNAME=", "PATH=", "PWD=", "SHELL=", "USER="})
        if (line.starts_with(name))
          chosen += line + "\n";
    return chosen;
  };
  configure_both(R"("env": {"foo_bar": "x"}, "post-deploy": "env > )" + path("env.txt") + "\"");

  pm2({"setup"});
  const auto first = git({"rev-parse", "HEAD"});
  ends(0, {"production"});
  CHECK(head() == first);
  const auto ours = variables_of(read("env.txt"));
  const auto second = commit("file", "2");
  pm2({});
  CHECK(head() == second);
  CHECK(variables_of(read("env.txt")) == ours);
  CHECK(contains(ours, "FOO_BAR=x\n"));
  CHECK(commits_of(ends(0, {"production", "list"}).out) == second + "\n" + first + "\n");
  CHECK(contains(pm2({"list"}).out, "0\t" + second + "\n1\t" + first + "\n"));
  ends(0, {"production", "revert"});
  CHECK(head() == first);
  pm2({"revert"});
  CHECK(head() == second);

  fs::remove_all(path("srv"));
  ends(0, {"production", "setup"});
  pm2({});
  const auto third = commit("file", "3");
  ends(0, {"production"});
  CHECK(head() == third);
  CHECK(contains(pm2({"prev"}).out, second));
  CHECK(ends(0, {"production", "prev"}).out == second + "\n");
  CHECK(contains(pm2({"curr"}).out, third.substr(0, 7)));
}

TEST_CASE_FIXTURE(pm2_fixture, "deploy and PM2's: an update takes at most a third of its time"
                                   * doctest::skip(has_no_sshd || has_no_pm2)) {
  configure_both("");
  ends(0, {"production", "setup"});
  using steady = std::chrono::steady_clock;
  const auto best_of = [](int times, const auto& update) {
    auto best = steady::duration::max();
    for (int i = 0; i < times; ++i) {
      const auto start = steady::now();
      update();
      best = std::min(best, steady::now() - start);
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(best);
  };
  pm2({}); // starts its daemon
  const auto ours = best_of(5, [&] { ends(0, {"production"}); });
  const auto theirs = best_of(3, [&] { pm2({}); });
  MESSAGE("an update over loopback ssh: ", ours.count(), " ms, PM2 ", theirs.count(), " ms");
  CHECK(ours * 3 <= theirs);
}

} // namespace e2e
