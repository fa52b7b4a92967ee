// The verb `events`: what happens to processes, and what they say.
#include <signal.h>

#include "home_fixture.hpp"

namespace e2e {

namespace {

std::vector<nlohmann::json> objects_of(const std::string& text) {
  std::vector<nlohmann::json> all;
  for (const auto& line : lines_of(text))
    all.push_back(nlohmann::json::parse(line));
  return all;
}

std::string names_of(const std::vector<nlohmann::json>& events) {
  std::string names;
  for (const auto& one : events)
    names += (names.empty() ? "" : ", ") + one.at("event").get<std::string>();
  return names;
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "events tells the life of an app from start to delete, a crash with its last words") {
  fifo orders{path("orders")};
  write("app.sh", "read word < orders; echo cannot go on >&2; exit 3\n");
  done({"ping"});
  background_command following{procvisor({"events", "--json"})};
  REQUIRE(following.says("following the events"));
  done({"start", "app.sh", "--restart-delay", "1h"});
  CHECK(e2e::run({{"sh", "-c", "echo go > orders"}, env, folder(), {}}).exit_code == 0);
  CHECK(becomes("app", "waiting restart"));
  done({"delete", "app"});
  CHECK(following.says("\"delete\""));
  ::kill(following.pid(), SIGTERM);

  auto events = objects_of(following.finish().out);
  std::erase_if(events, [](const auto& one) { return one.at("name") != "app"; });
  REQUIRE(names_of(events) == "start, online, exit, waiting restart, stop, delete");
  CHECK(events[2].at("exit_code") == 3);
  CHECK(events[2].at("manually") == false);
  CHECK(events[2].at("generation") == 1);
  CHECK(events[2].at("last_lines") == nlohmann::json{"cannot go on"});
  CHECK(events[3].at("delay") == 3600000);
}

TEST_CASE_FIXTURE(home_fixture,
                  "events shows lines for people, with the log where it is wanted, and what programs say") {
  if (!has_program("node")) {
    MESSAGE("left out: node is not there");
    return;
  }
  write("app.js", "console.log('to the log'); process.send({type: 'job:done', data: {n: 7}}); process.send('hello');"
                  "setInterval(() => {}, 1000)");
  done({"ping"});
  background_command following{procvisor({"events", "--logs"})};
  REQUIRE(following.says("following the events"));
  done({"start", "app.js"});
  CHECK(following.says("to the log"));
  CHECK(following.says("hello"));
  ::kill(following.pid(), SIGTERM);
  const auto seen = following.finish().out;
  CHECK_MESSAGE(contains(seen, "log:out            app:0  to the log\n"), seen);
  CHECK_MESSAGE(contains(seen, "job:done           app:0  {\"n\":7}\n"), seen);
  CHECK_MESSAGE(contains(seen, "process:msg        app:0  \"hello\"\n"), seen);
  CHECK_MESSAGE(contains(seen, "online             app:0  pid "), seen);
}

TEST_CASE_FIXTURE(home_fixture, "events goes on when the daemon is replaced, and ends when it is ended") {
  program("idle");
  done({"start", "./idle"});
  background_command following{procvisor({"events"})};
  REQUIRE(following.says("following the events"));
  kill_role("daemon");
  REQUIRE(following.says("the daemon was replaced"));
  // Whether it follows again is seen by what it tells.
  done({"restart", "idle"});
  CHECK(following.says("restart"));
  done({"kill"});
  CHECK(following.finish().exit_code == 1);
}

TEST_CASE_FIXTURE(home_fixture, "events without a daemon says so") {
  const auto nothing = run({"events"});
  CHECK(nothing.exit_code == 0);
  CHECK(contains(nothing.err, "no daemon is running"));
}

} // namespace e2e
