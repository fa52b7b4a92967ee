// Daemon, keeper and recorder die at random moments under load, again and again: 200 times, or for as long as the suite
// has time. SOAK_ROUNDS makes it a soak: so many rounds, however long they take.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "home_fixture.hpp"

namespace e2e {

namespace {

using steady = std::chrono::steady_clock;

constexpr int rounds_in_the_suite = 200;
constexpr std::chrono::seconds time_in_the_suite{40};

/// A keeper gives up where something dies 30 times in 10 s. Each of the three dies once in three rounds.
constexpr std::chrono::milliseconds shortest_round{150};

struct kill_fixture : home_fixture {
  unsigned seed = std::random_device{}();
  std::mt19937 random{seed};
  std::map<std::string, int> kills;
  std::chrono::milliseconds slowest{0};

  std::vector<std::string> next_roles;

  int any(int below) { return std::uniform_int_distribution<int>{0, below - 1}(random); }

  void kill_one() {
    if (next_roles.empty()) {
      next_roles = {"daemon", "keeper", "recorder"};
      std::ranges::shuffle(next_roles, random);
    }
    const std::string role = next_roles.back();
    next_roles.pop_back();
    for (const pid_t pid : in_role(role)) {
      ::kill(pid, SIGKILL);
      REQUIRE(ends(pid));
    }
    ++kills[role];
  }

  /// The list, as soon as anybody answers. The one that is asked may be killed by what comes before it.
  nlohmann::json list_again() {
    const auto since = steady::now();
    command_result told;
    REQUIRE_MESSAGE(eventually([&] { return (told = run({"jlist"})).exit_code == 0; }), told.err);
    slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - since));
    return nlohmann::json::parse(told.out);
  }
};

} // namespace

TEST_CASE_FIXTURE(kill_fixture,
                  "random kills of daemon, keeper and recorder: no pid changes, nothing is started twice") {
  program("idle");
  program("numbers");
  done({"start", "./idle", "--name", "steady", "-i", "3"});
  done({"start", "./idle", "--name", "busy", "-i", "3"});
  done({"start", "./numbers", "--", path("counter"), "1000000000", "100"});
  std::map<int, pid_t> steady_pids;
  for (const auto& one : processes())
    if (one.at("name") != "busy")
      steady_pids[one.at("pm_id")] = one.at("pid");

  const char* wanted = std::getenv("SOAK_ROUNDS");
  const int rounds = wanted != nullptr ? std::atoi(wanted) : rounds_in_the_suite;
  const auto deadline = steady::now() + (wanted != nullptr ? std::chrono::hours{1000} : time_in_the_suite);
  int round = 0;
  for (; round < rounds && steady::now() < deadline; ++round) {
    const background_command load{procvisor({"restart", "busy"})};
    const auto begun = steady::now();
    std::this_thread::sleep_for(std::chrono::microseconds{any(60'000)}); // the random moment
    kill_one();
    const auto listed = list_again();
    REQUIRE(listed.size() == 7);
    for (const auto& one : listed)
      if (const auto at = steady_pids.find(one.at("pm_id")); at != steady_pids.end())
        REQUIRE(one.at("pid") == at->second);
    std::this_thread::sleep_until(begun + shortest_round);
  }

  REQUIRE(eventually([&] {
    for (const auto& one : processes())
      if (one.at("pm2_env").at("status") != "online")
        return false;
    return true;
  }));
  std::vector<pid_t> listed;
  for (const auto& one : processes())
    listed.push_back(one.at("pid"));
  auto alive = living_of_apps();
  std::ranges::sort(listed);
  std::ranges::sort(alive);
  CHECK(listed == alive);

  done({"stop", "numbers"});
  long counter = 0;
  read("counter").copy(reinterpret_cast<char*>(&counter), sizeof counter);
  const auto newest = "\n" + std::to_string(counter) + "\n";
  CHECK(eventually([&] { return contains(read("home/logs/numbers-out.log"), newest); }));

  // A recorder that is killed may lose the block that it has read and not written; nothing else loses or doubles a line.
  long before = 0;
  long doubled = 0;
  int breaks = 0;
  for (const auto& line : lines_of(read("home/logs/numbers-out.log"))) {
    const long number = std::atol(line.c_str());
    breaks += number != before + 1 ? 1 : 0;
    doubled += number == before ? 1 : 0;
    before = number;
  }
  CHECK(doubled == 0);
  CHECK(breaks <= 2 * kills["recorder"]);
  MESSAGE("seed ", seed, ": ", round, " rounds, killed daemon ", kills["daemon"], ", keeper ", kills["keeper"],
          ", recorder ", kills["recorder"], "; slowest answer after a kill ", slowest.count(), " ms; ", before,
          " lines, ", breaks, " breaks");
}

} // namespace e2e
