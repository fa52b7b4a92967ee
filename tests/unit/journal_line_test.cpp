#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

#include "core/journal_line.hpp"

using namespace procvisor;

namespace {

struct time_zone {
  explicit time_zone(const char* name) {
    setenv("TZ", name, 1);
    tzset();
  }
  ~time_zone() {
    unsetenv("TZ");
    tzset();
  }
};

const wall_clock::time_point some_time{std::chrono::milliseconds{1'795'492'800'007}};

} // namespace

TEST_CASE("journal_line: one line with a local RFC 3339 time") {
  const time_zone zone{"XYZ-05:30"};
  CHECK(journal_line(some_time, severity::warning, "web:3", 812, "still there")
        == "2026-11-24T09:30:00.007+05:30 warning web:3 pid 812: still there");
}

TEST_CASE("journal_line: no pid where there is none, and a line stays a line") {
  const time_zone zone{"UTC"};
  CHECK(journal_line(some_time, severity::info, "procvisor", 0, "a\nb\x1b[0m")
        == "2026-11-24T04:00:00.007+00:00 info procvisor: a\\x0ab\\x1b[0m");
}
