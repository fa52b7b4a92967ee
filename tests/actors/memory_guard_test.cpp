#include "actors/memory_guard.hpp"

#include <doctest/doctest.h>

#include "fixture.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

struct guard_fixture : actor_fixture {
  std::map<process_id, uint64_t> memory;
  size_t looks = 0;
  std::vector<memory_exceeded> told;

  memory_guard_actor guard = sys.spawn<memory_guard_impl>([this](const std::vector<memory_entry>& entries) {
    ++looks;
    std::vector<uint64_t> used;
    for (const auto& one : entries)
      used.push_back(memory[one.id]);
    return used;
  });
  /// Stands in for the registry, of whose messages only one matters here.
  caf::actor listener = sys.spawn([this](caf::event_based_actor*) -> caf::behavior {
    return {[this](const memory_exceeded& said) { told.push_back(said); }};
  });

  ~guard_fixture() {
    caf::anon_send_exit(caf::actor_cast<caf::actor>(guard), caf::exit_reason::kill);
    caf::anon_send_exit(listener, caf::exit_reason::kill);
    loop.run_until_quiet();
  }
  void enter(uint32_t id, uint64_t limit, std::chrono::milliseconds interval = 1s) {
    caf::send_as(listener, guard, memory_entry{process_id{id}, generation{1}, 100, limit, interval});
    loop.run_until_quiet();
  }
};

} // namespace

TEST_CASE_FIXTURE(guard_fixture, "memory_guard: it looks each second at all of them at once, while one has a limit") {
  loop.advance(1h);
  CHECK(looks == 0);
  enter(1, 100);
  enter(2, 100);
  loop.advance(3s);
  CHECK(looks == 3);
  CHECK(told.empty());
  enter(1, 0);
  loop.advance(1s);
  CHECK(looks == 4);
  enter(2, 0);
  loop.advance(1h);
  CHECK(looks == 4);
  CHECK(loop.clock().next_due() == caf::actor_clock::time_point::max());
}

TEST_CASE_FIXTURE(guard_fixture, "memory_guard: what is above its limit is told at once, and again after a while") {
  enter(1, 100);
  enter(2, 100);
  memory = {{process_id{1}, 100}, {process_id{2}, 101}};
  loop.advance(1s);
  REQUIRE(told.size() == 1);
  CHECK(told[0].id == process_id{2});
  CHECK(told[0].used == 101);
  CHECK(told[0].limit == 100);
  loop.advance(29s);
  CHECK(told.size() == 1);
  loop.advance(1s);
  CHECK(told.size() == 2);
  enter(2, 100); // its next launch
  loop.advance(1s);
  CHECK(told.size() == 3);
}

TEST_CASE_FIXTURE(guard_fixture, "memory_guard: the shortest interval counts for all of them") {
  enter(1, 100, 10s);
  enter(2, 100, 500ms);
  loop.advance(10s);
  CHECK(looks > 10);
}
