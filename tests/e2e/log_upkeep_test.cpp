// Emptying log files, and opening them anew after they were moved away.
#include <signal.h>

#include <filesystem>

#include "home_fixture.hpp"

namespace e2e {

namespace {

/// An app that writes a line for each word it is told, to both streams.
constexpr const char* echo_app = "while read -r word < orders; do echo $word; echo $word >&2; done\n";

} // namespace

TEST_CASE_FIXTURE(home_fixture,
                  "flush empties the logs of its targets, and what comes next stands at their beginning") {
  fifo orders{path("orders")};
  write("talk.sh", echo_app);
  write("other.sh", "echo other; exec sleep 1000\n");
  done({"start", "talk.sh", "-l"});
  done({"start", "other.sh"});
  const auto order = [&](const std::string& word) {
    return e2e::run({{"sh", "-c", "echo \"$0\" > orders", word}, env, folder(), {}});
  };
  order("first");
  const std::string files[] = {"home/logs/talk-out.log", "home/logs/talk-error.log"};
  for (const auto& file : files)
    REQUIRE(eventually([&] { return read(file) == "first\n"; }));
  REQUIRE(eventually([&] { return read("home/logs/other-out.log") == "other\n"; }));

  CHECK(contains(done({"flush", "talk"}).err, home() + "/logs/talk-out.log"));
  for (const auto& file : files)
    CHECK(read(file) == "");
  CHECK(read("home/logs/talk-0.log") == "");
  CHECK(read("home/logs/other-out.log") == "other\n");
  CHECK(read("home/procvisor.log") != "");
  order("second");
  CHECK(eventually([&] { return read("home/logs/talk-out.log") == "second\n"; }));

  CHECK(run({"flush", "nobody"}).exit_code == 3);
  done({"flush"});
  CHECK(read("home/logs/other-out.log") == "");
  CHECK(read("home/logs/talk-out.log") == "");
  CHECK_FALSE(contains(read("home/procvisor.log"), "started by keeper"));
}

TEST_CASE_FIXTURE(home_fixture,
                  "after reloadLogs, or SIGUSR2 to the keeper, nothing is written to files that were moved away") {
  fifo orders{path("orders")};
  write("talk.sh", echo_app);
  done({"start", "talk.sh"});
  const auto order = [&](const std::string& word) {
    return e2e::run({{"sh", "-c", "echo \"$0\" > orders", word}, env, folder(), {}});
  };
  order("before");
  REQUIRE(eventually([&] { return read("home/logs/talk-out.log") == "before\n"; }));
  REQUIRE(eventually([&] { return read("home/logs/talk-error.log") == "before\n"; }));
  for (const char* file : {"home/logs/talk-out.log", "home/logs/talk-error.log", "home/procvisor.log"})
    std::filesystem::rename(path(file), path(file) + ".1");

  SUBCASE("reloadLogs") {
    done({"reloadLogs"});
  }
  SUBCASE("SIGUSR2") {
    ::kill(keeper_pid(), SIGUSR2);
    REQUIRE(eventually([&] { return contains(read("home/procvisor.log"), "opened anew, for SIGUSR2"); }));
  }
  order("after");

  CHECK(eventually([&] { return read("home/logs/talk-out.log") == "after\n"; }));
  CHECK(eventually([&] { return read("home/logs/talk-error.log") == "after\n"; }));
  CHECK(read("home/logs/talk-out.log.1") == "before\n");
  CHECK(exists("home/procvisor.log"));
  CHECK(run({"reloadLogs", "talk"}).exit_code == 2);
}

TEST_CASE_FIXTURE(home_fixture, "flush and reloadLogs start no daemon") {
  done({"flush"});
  done({"reloadLogs"});
  CHECK(run({"flush", "web"}).exit_code == 3);
  CHECK(living().empty());
}

} // namespace e2e
