// The keeper may die at any moment too, alone or together with the daemon: apps live on and are taken back.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "home_fixture.hpp"
#include "http_client.hpp"

namespace e2e {

namespace {

std::map<int, pid_t> pids_by_id(const home_fixture& place) {
  std::map<int, pid_t> found;
  for (const auto& one : place.processes())
    found[one.at("pm_id")] = one.at("pid");
  return found;
}

/// A child of the test's with this number; 0: the kernel does not give it.
pid_t process_with_number(pid_t wanted) {
  for (int i = 0; i < 100; ++i) {
    std::ofstream{"/proc/sys/kernel/ns_last_pid"} << wanted - 1;
    const pid_t child = ::fork();
    if (child == 0) {
      ::execlp("sleep", "sleep", "1000", nullptr);
      ::_exit(1);
    }
    if (child == wanted)
      return child;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds{20}); // init has not reaped it yet
  }
  return 0;
}

struct loss_fixture : home_fixture {
  /// The recorder of a keeper that was killed ends by itself, when it has had its turn.
  ~loss_fixture() {
    shut_down();
    for (const pid_t pid : recorders_)
      CHECK(ends(pid));
  }

  void kill_keeper() const {
    const pid_t keeper = keeper_pid();
    const auto found = in_role("recorder");
    recorders_.insert(recorders_.end(), found.begin(), found.end());
    ::kill(keeper, SIGKILL);
    REQUIRE(ends(keeper));
  }

  /// Nobody is left who could start anything.
  void kill_keeper_and_daemon() const {
    const pid_t keeper = keeper_pid();
    const auto daemons = in_role("daemon");
    REQUIRE(daemons.size() == 1);
    for (const pid_t pid : {keeper, daemons.front()})
      ::kill(pid, SIGSTOP);
    for (const pid_t pid : {keeper, daemons.front()})
      ::kill(pid, SIGKILL);
    REQUIRE(ends(keeper));
    REQUIRE(ends(daemons.front()));
  }

  bool is_replaced(pid_t keeper) const {
    return eventually([&] { return keeper_pid() > 0 && keeper_pid() != keeper && is_alive(keeper_pid()); });
  }

  /// As Node's cluster does, its workers end when their channel closes.
  void start_cluster(int port) {
    env["PORT"] = std::to_string(port);
    write("app.js", "require('http').createServer((request, response) => response.end(`${process.pid}`))\n"
                    "  .listen(+process.env.PORT, '127.0.0.1');\n");
    done({"start", "app.js", "-i", "2"});
  }

  /// The pids that answer.
  std::set<std::string> answers(int port) const {
    std::set<std::string> all;
    for (int i = 0; i < 8; ++i)
      all.insert(http_get(port, "/", {"Connection: close"}).body);
    return all;
  }

  bool both_serve(int port) const {
    return eventually([&] {
      const auto all = answers(port);
      return all.size() == 2 && !all.contains("");
    });
  }

  bool is_saved(const std::string& part) const {
    return eventually([&] { return contains(read("home/state.json"), part); });
  }

private:
  mutable std::vector<pid_t> recorders_;
};

} // namespace

TEST_CASE_FIXTURE(loss_fixture, "a keeper that is killed is replaced without a command; pids stay") {
  program("idle");
  done({"start", "./idle", "-i", "5"});
  const auto before = pids_by_id(*this);
  const pid_t keeper = keeper_pid();

  const auto killed_at = std::chrono::steady_clock::now();
  kill_keeper();
  REQUIRE(is_replaced(keeper));
  const auto after = pids_by_id(*this);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - killed_at;
  MESSAGE("answers again after ", took.count(), " ms");

  CHECK(before == after);
  CHECK(in_role("keeper").size() == 1);
  for (const auto& one : processes())
    CHECK(one.at("pm2_env").at("status") == "online");
  done({"restart", "0"});
  CHECK(pids_by_id(*this).at(0) != before.at(0));
  CHECK(ends(before.at(0)));
  done({"stop", "1"});
  CHECK(ends(before.at(1)));
  done({"delete", "2"});
  CHECK(ends(before.at(2)));
  CHECK(processes().size() == 4);
  CHECK(eventually([&] { return contains(read("home/procvisor.log"), "until its keeper was lost"); }));
}

TEST_CASE_FIXTURE(loss_fixture, "no line of output is lost or doubled by the keeper's death, at any moment") {
  program("numbers");
  program("idle");
  done({"start", "./numbers", "--", path("counter"), "300000"});
  done({"start", "./idle", "-i", "4"});
  const pid_t writer = pid_of("numbers");
  for (int round = 0; round < 8; ++round) {
    const background_command load{procvisor({"restart", "idle"})};
    kill_keeper();
    REQUIRE(eventually([&] { return run({"jlist"}).exit_code == 0; }));
    REQUIRE(processes().size() == 5);
  }
  CHECK(pid_of("numbers") == writer);
  CHECK(eventually([&] { return lines_of(read("home/logs/numbers-out.log")).size() >= 300'000; }));
  const auto lines = lines_of(read("home/logs/numbers-out.log"));
  size_t wrong = 0;
  for (size_t i = 0; i < lines.size(); ++i)
    wrong += lines[i] != std::to_string(i + 1) ? 1 : 0;
  CHECK(wrong == 0);
}

TEST_CASE_FIXTURE(loss_fixture, "what ends after the loss of its keeper is started again, and what it left is ended") {
  fifo report{path("report")};
  env["REPORT"] = report.path();
  program("swarm");
  done({"start", "./swarm", "--kill-timeout", "300", "--", "daemons", "20"});
  REQUIRE(report.line() == "up");
  const auto before = living_of_apps();
  const pid_t keeper = keeper_pid();
  kill_keeper();
  REQUIRE(is_replaced(keeper));

  ::kill(pid_of("swarm"), SIGKILL);
  REQUIRE(report.line() == "up");
  for (const pid_t pid : before)
    CHECK_FALSE(is_alive(pid));
  CHECK(restarts_of("swarm") == 1);

  const pid_t second = keeper_pid();
  kill_keeper();
  REQUIRE(is_replaced(second));
  done({"stop", "swarm"});
  CHECK(living_of_apps().empty());
}

TEST_CASE_FIXTURE(loss_fixture, "keeper and daemon killed at once: the next command takes back what is alive") {
  program("idle");
  program("numbers");
  done({"start", "./idle", "--name", "lives"});
  done({"start", "./idle", "--name", "ends"});
  done({"start", "./idle", "--name", "down"});
  done({"stop", "down"});
  done({"start", "./numbers", "--", path("counter"), "1000"});
  const pid_t lives = pid_of("lives");
  const pid_t ended = pid_of("ends");
  const pid_t writer = pid_of("numbers");
  REQUIRE(is_saved(std::to_string(writer)));
  kill_keeper_and_daemon();
  ::kill(ended, SIGKILL);
  REQUIRE(ends(ended));

  const auto told = run({"list"});

  CHECK(told.exit_code == 0);
  CHECK(contains(told.err, "took back lives:0 (pid " + std::to_string(lives) + ")"));
  CHECK(contains(told.err, "ends:1 (pid " + std::to_string(ended) + ") has ended meanwhile"));
  CHECK(eventually([&] { return contains(read("home/procvisor.log"), "took back lives:0"); }));
  CHECK(pid_of("lives") == lives);
  CHECK(pid_of("numbers") == writer);
  CHECK(becomes("ends", "online"));
  CHECK(restarts_of("ends") == 1);
  CHECK(status_of("down") == "stopped");
  CHECK(run({"list"}).err.find("took back") == std::string::npos);
  done({"stop", "lives"});
  CHECK_FALSE(is_alive(lives));
  done({"restart", "numbers"});
  CHECK(eventually([&] { return lines_of(read("home/logs/numbers-out.log")).size() == 2000; }));
}

TEST_CASE_FIXTURE(loss_fixture, "a cluster serves on without its keeper, by the same workers and socket") {
  if (!has_program("node")) {
    MESSAGE("left out: node is not there");
    return;
  }
  const int port = free_port();
  start_cluster(port);
  REQUIRE(both_serve(port));
  const auto before = answers(port);
  for (int i = 0; i < 2; ++i) {
    const pid_t keeper = keeper_pid();
    kill_keeper();
    REQUIRE(is_replaced(keeper));
    REQUIRE(both_serve(port));
    CHECK(answers(port) == before);
  }

  done({"reload", "app"});

  REQUIRE(both_serve(port));
  for (const auto& pid : before) {
    CHECK_FALSE(answers(port).contains(pid));
    CHECK(ends(std::stoi(pid)));
  }
  done({"stop", "app"});
  CHECK(http_get(port, "/").status == 0);
}

TEST_CASE_FIXTURE(loss_fixture, "workers of a cluster that end with keeper and daemon are started again, once") {
  if (!has_program("node")) {
    MESSAGE("left out: node is not there");
    return;
  }
  const int port = free_port();
  start_cluster(port);
  REQUIRE(both_serve(port));
  const auto before = pids_by_id(*this);
  REQUIRE(is_saved(std::to_string(before.at(0))));
  REQUIRE(is_saved(std::to_string(before.at(1))));
  kill_keeper_and_daemon();
  for (const auto& [id, pid] : before)
    REQUIRE(ends(pid));

  const auto told = run({"list"});

  CHECK(contains(told.err, "app:0 (pid " + std::to_string(before.at(0)) + ") has ended meanwhile"));
  CHECK(contains(told.err, "app:1 (pid " + std::to_string(before.at(1)) + ") has ended meanwhile"));
  REQUIRE(both_serve(port));
  for (const auto& one : processes())
    CHECK(one.at("pm2_env").at("restart_time") == 1);
}

TEST_CASE_FIXTURE(loss_fixture, "what an app had started is ended before it is started again, where all were lost") {
  fifo report{path("report")};
  env["REPORT"] = report.path();
  program("swarm");
  done({"start", "./swarm", "--kill-timeout", "300", "--", "daemons", "20"});
  REQUIRE(report.line() == "up");
  const pid_t swarm = pid_of("swarm");
  REQUIRE(is_saved(std::to_string(swarm)));
  const auto before = living_of_apps();
  kill_keeper_and_daemon();
  ::kill(swarm, SIGKILL);
  REQUIRE(ends(swarm));

  done({"list"});

  REQUIRE(report.line() == "up");
  for (const pid_t pid : before)
    CHECK_FALSE(is_alive(pid));
  CHECK(restarts_of("swarm") == 1);
}

TEST_CASE_FIXTURE(loss_fixture, "a stranger that has got the number of a lost app is not taken for it, nor signalled") {
  program("idle");
  done({"start", "./idle"});
  const pid_t before = pid_of("idle");
  REQUIRE(is_saved(std::to_string(before)));
  kill_keeper_and_daemon();
  ::kill(before, SIGKILL);
  REQUIRE(ends(before));
  const pid_t stranger = process_with_number(before);
  if (stranger == 0) {
    MESSAGE("left out: the number is not to be had");
    return;
  }

  const auto told = run({"list"});

  CHECK(contains(told.err, "idle:0 (pid " + std::to_string(before) + ") has ended meanwhile"));
  REQUIRE(becomes("idle", "online"));
  CHECK(pid_of("idle") != stranger);
  done({"restart", "idle"});
  done({"delete", "idle"});
  CHECK(::waitpid(stranger, nullptr, WNOHANG) == 0);
  ::kill(stranger, SIGKILL);
  ::waitpid(stranger, nullptr, 0);
}

TEST_CASE_FIXTURE(loss_fixture, "a launch that is newer than the state on disk is found by its mark, not made twice") {
  program("idle");
  done({"start", "./idle"});
  REQUIRE(is_saved(std::to_string(pid_of("idle"))));
  const std::string old_state = read("home/state.json");
  done({"restart", "idle"});
  const pid_t now = pid_of("idle");
  REQUIRE(is_saved(std::to_string(now)));
  kill_keeper_and_daemon();
  for (const pid_t recorder : in_role("recorder"))
    REQUIRE(ends(recorder));
  write("home/state.json", old_state, 0600);

  const auto told = run({"list"});

  CHECK(contains(told.err, "took back idle:0 (pid " + std::to_string(now) + ")"));
  CHECK(pid_of("idle") == now);
  CHECK(living_of_apps() == std::vector{now});
}

TEST_CASE_FIXTURE(loss_fixture, "kill ends what survived its keeper, and after it nothing is taken back") {
  program("idle");
  done({"start", "./idle", "-i", "3"});
  REQUIRE(is_saved(std::to_string(pids_by_id(*this).at(2))));
  kill_keeper_and_daemon();

  done({"kill"});

  CHECK(living().empty());
  CHECK(done({"jlist"}).out == "[]");
  done({"ping"});
  CHECK(processes().empty());
}

} // namespace e2e
