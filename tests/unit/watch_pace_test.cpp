#include "core/watch_pace.hpp"

#include <doctest/doctest.h>

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

constexpr steady_time start{1h};

watch_pace::circumstances at(std::chrono::milliseconds after, std::chrono::milliseconds delay = 200ms) {
  return {.now = start + after, .delay = delay};
}

std::vector<file_change> files(std::initializer_list<const char*> names) {
  std::vector<file_change> changes;
  for (const char* name : names)
    changes.push_back({name});
  return changes;
}

} // namespace

TEST_CASE("watch pace: the restart comes when the files have been quiet for the delay") {
  watch_pace pace;
  CHECK_FALSE(pace.due());
  pace.note(files({"a.js"}), at(0ms));
  CHECK(pace.due() == start + 200ms);
  pace.note(files({"a.js"}), at(150ms));
  CHECK(pace.due() == start + 350ms);

  const auto verdict = pace.take(start + 350ms);

  CHECK(verdict.is_restart);
  CHECK(verdict.text == "a.js changed");
  CHECK_FALSE(pace.due());
}

TEST_CASE("watch pace: files that are never quiet are waited for ten delays and no longer") {
  watch_pace pace;
  for (auto after = 0ms; after < 2s; after += 100ms)
    pace.note(files({"log"}), at(after));
  CHECK(pace.due() == start + 2s);
  watch_pace at_once;
  at_once.note(files({"a"}), at(5ms, 0ms));
  CHECK(at_once.due() == start + 5ms);
}

TEST_CASE("watch pace: what is there is named before what has gone, and the rest is counted") {
  watch_pace pace;
  pace.note({{"a.js.tmp"}, {"a.js"}}, at(0ms));
  pace.note({{"a.js.tmp", true}}, at(1ms));
  CHECK(pace.take(start + 1s).text == "a.js and 1 more changed");

  pace.note({{"gone.js", true}}, at(0ms));
  CHECK(pace.take(start + 1s).text == "gone.js changed");

  std::vector<file_change> many;
  for (int i = 0; i < 100; ++i)
    many.push_back({std::to_string(i)});
  pace.note(many, at(0ms));
  CHECK(pace.take(start + 1s).text == "0 and 99 more changed");
}

TEST_CASE("watch pace: what changes while the process ends, or soon after, does not count") {
  watch_pace pace;
  auto when = at(0ms);
  when.is_stopping = true;
  pace.note(files({"state.json"}), when);
  CHECK_FALSE(pace.due());

  when = at(1s);
  when.ended_at = start + 600ms;
  pace.note(files({"state.json"}), when);
  CHECK_FALSE(pace.due());
  when = at(1100ms);
  when.ended_at = start + 600ms;
  pace.note(files({"a.js"}), when);
  CHECK(pace.due());
}

TEST_CASE("watch pace: a command does away with what has been gathered") {
  watch_pace pace;
  pace.note(files({"a.js"}), at(0ms));
  pace.drop();
  CHECK_FALSE(pace.due());
  pace.note(files({"b.js"}), at(0ms));
  CHECK(pace.take(start + 200ms).text == "b.js changed");
}

namespace {

/// An app that changes a file so long after each launch: how often it is restarted before its watch is paused.
int restarts_of_loop(watch_pace& pace, std::chrono::milliseconds after_launch, std::string& why) {
  auto now = start;
  for (int restarts = 0; restarts < 20; ++restarts) {
    watch_pace::circumstances when{.now = now + after_launch, .delay = 200ms, .launched_at = now};
    pace.note({{restarts % 2 == 0 ? "data.json" : "cache.json"}}, when);
    if (!pace.due())
      return -1;
    now = *pace.due();
    if (auto verdict = pace.take(now); !verdict.is_restart) {
      why = verdict.text;
      return restarts;
    }
  }
  return 20;
}

} // namespace

TEST_CASE("watch pace: an app that causes its own restarts is restarted five times, and then told the files") {
  watch_pace pace;
  std::string why;
  CHECK(restarts_of_loop(pace, 100ms, why) == 5);
  CHECK(why == "it was restarted 5 times within 20 s for files that it seems to write itself: data.json, cache.json");

  pace.note(files({"a.js"}), at(1h)); // it is paused, whatever changes
  CHECK_FALSE(pace.due());
  pace.resume();
  CHECK(restarts_of_loop(pace, 3s, why) == 5);
}

TEST_CASE("watch pace: somebody who edits now and then, or much later than the launch, is never taken for the app") {
  watch_pace pace;
  std::string why;
  CHECK(restarts_of_loop(pace, 4001ms, why) == 20);
  CHECK(restarts_of_loop(pace, 3900ms, why) == 20); // the sixth comes when the first is 20 s old
}
