// Idle means silent.
#include <poll.h>

#include <filesystem>
#include <map>

#include "home_fixture.hpp"

namespace e2e {

namespace {

/// The context switches of each thread of a process, by "pid/thread name/tid".
std::map<std::string, long> context_switches(const std::vector<pid_t>& processes) {
  std::map<std::string, long> found;
  for (const pid_t pid : processes)
    for (const auto& task : std::filesystem::directory_iterator{"/proc/" + std::to_string(pid) + "/task"}) {
      const pid_t thread = std::stoi(task.path().filename().string());
      found[std::to_string(pid) + "/" + status_field(thread, "Name") + "/" + std::to_string(thread)] =
          std::stol(status_field(thread, "voluntary_ctxt_switches"))
          + std::stol(status_field(thread, "nonvoluntary_ctxt_switches"));
    }
  return found;
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "with a hundred idle apps no thread of procvisor runs in ten seconds") {
  program("idle");
  done({"start", "./idle", "-i", "100"});
  REQUIRE(processes().size() == 100);
  // The daemon has yet to see that the last client is gone, the state to be saved, at most once a second, and the kernel
  // to free what a hundred launches have used.
  ::poll(nullptr, 0, 3'000);
  std::vector<pid_t> own;
  for (const pid_t pid : living())
    if (status_field(pid, "Name") == "procvisor")
      own.push_back(pid);
  REQUIRE(own.size() == 3);
  const auto before = context_switches(own);
  ::poll(nullptr, 0, 10'000);
  const auto after = context_switches(own);

  CHECK(before.size() == after.size());
  for (const auto& [thread, count] : after) {
    const auto earlier = before.find(thread);
    CHECK_MESSAGE((earlier != before.end() && earlier->second == count), thread, " ran ",
                  earlier != before.end() ? count - earlier->second : count, " times");
  }
}

} // namespace e2e
