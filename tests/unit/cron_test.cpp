#include "core/cron.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "os/zones.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

sys_second utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0) {
  return std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)}
         + std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
}

std::string shown(std::optional<sys_second> at) {
  if (!at)
    return "never";
  const auto day = std::chrono::floor<std::chrono::days>(*at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{*at - day};
  return fmt::format("{}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

const time_zone utc_zone = [](sys_second) { return zone_period{}; };

std::string next(const char* times, sys_second after, const time_zone& zone = utc_zone) {
  const auto schedule = parse_cron(times);
  REQUIRE_MESSAGE(schedule, times);
  return shown(next_due(*schedule, after, zone));
}

/// As in Berlin: an hour ahead of UTC, two from the last Sunday of March 2026, 01:00 UTC, to that of October.
const time_zone berlin = [](sys_second at) {
  const auto spring = utc(2026, 3, 29, 1);
  const auto autumn = utc(2026, 10, 25, 1);
  if (at < spring)
    return zone_period{.offset = 1h, .end = spring};
  return at < autumn ? zone_period{2h, spring, autumn} : zone_period{.offset = 1h, .begin = autumn};
};

} // namespace

TEST_CASE("cron: each field, its lists, ranges, steps and names") {
  struct row {
    const char* times;
    const char* due; ///< after 2026-01-01 00:00:00, a Thursday
  };
  const row table[] = {
      {"* * * * *", "2026-01-01 00:01:00"},       {"* * * * * *", "2026-01-01 00:00:01"},
      {"*/20 * * * * *", "2026-01-01 00:00:20"},  {"30 4 * * *", "2026-01-01 04:30:00"},
      {"15,45 */6 * * *", "2026-01-01 00:15:00"}, {"5-7 8-10/2 * * *", "2026-01-01 08:05:00"},
      {"0 8/12 * * *", "2026-01-01 08:00:00"}, // from 8 on
      {"0 0 1 feb *", "2026-02-01 00:00:00"},     {"0 0 * * Mon-wed", "2026-01-05 00:00:00"},
      {"0 0 * * 7", "2026-01-04 00:00:00"},       {"0 0 * * 0", "2026-01-04 00:00:00"},
      {"0 0 ? * 5-7", "2026-01-02 00:00:00"},     {"0 0 13 * 5", "2026-01-02 00:00:00"}, // one of the two is enough
      {"0 0 L * *", "2026-01-31 00:00:00"},       {"0 0 L 2 *", "2026-02-28 00:00:00"},
      {"0 0 29 2 *", "2028-02-29 00:00:00"},      {"0 0 * * fri#2", "2026-01-09 00:00:00"},
      {"0 0 * * 5#L", "2026-01-30 00:00:00"},     {"0 0 * * 5L", "2026-01-30 00:00:00"},
      {"0 0 * * 4#5", "2026-01-29 00:00:00"},     {"  0\t12  *  *  * ", "2026-01-01 12:00:00"},
      {"@hourly", "2026-01-01 01:00:00"},         {"@daily", "2026-01-02 00:00:00"},
      {"@midnight", "2026-01-02 00:00:00"},       {"@weekly", "2026-01-04 00:00:00"},
      {"@monthly", "2026-02-01 00:00:00"},        {"@yearly", "2027-01-01 00:00:00"},
      {"@annually", "2027-01-01 00:00:00"},
  };
  for (const auto& [times, due] : table)
    CHECK_MESSAGE(next(times, utc(2026, 1, 1)) == due, times);
}

TEST_CASE("cron: what is wrong is said by field") {
  struct row {
    const char* times;
    const char* why;
  };
  const row table[] = {
      {"", "'' has 0 fields"},
      {"* * * *", "'* * * *' has 4 fields"},
      {"* * * * * * *", "'* * * * * * *' has 7 fields"},
      {"60 * * * * *", "second: 60 is not between 0 and 59"},
      {"60 * * * *", "minute: 60 is not between 0 and 59"},
      {"* 24 * * *", "hour: 24 is not between 0 and 23"},
      {"* * 0 * *", "day: 0 is not between 1 and 31"},
      {"* * * 13 *", "month: 13 is not between 1 and 12"},
      {"* * * * 8", "weekday: 8 is not between 0 and 7"},
      {"x * * * *", "minute: 'x' is neither a number nor *"},
      {"-1 * * * *", "minute: '-1' is neither a number nor *"},
      {"+1 * * * *", "minute: '+1' is neither a number nor *"},
      {"1.5 * * * *", "minute: '1.5' is neither a number nor *"},
      {"L * * * *", "minute: 'L' is neither a number nor *"},
      {"* * * JANUARY *", "month: 'JANUARY' is neither a number nor one of JAN to DEC"},
      {"* * * * MO", "weekday: 'MO' is neither a number nor one of SUN to SAT"},
      {"5-3 * * * *", "minute: 5-3 ends before it begins"},
      {"5- * * * *", "minute: a number is missing in '5-'"},
      {"1,,2 * * * *", "minute: a number is missing in '1,,2'"},
      {"1, * * * *", "minute: a number is missing in '1,'"},
      {"/5 * * * *", "minute: a number is missing in '/5'"},
      {"*/0 * * * *", "minute: the step '0' is not a number above 0"},
      {"*/ * * * *", "minute: the step '' is not a number above 0"},
      {"*/x * * * *", "minute: the step 'x' is not a number above 0"},
      {"*/61 * * * *", "minute: the step 61 is larger than the field"},
      {"* * * * 1#6", "weekday: '1#6' is not the 1st to 5th weekday of a month, nor L, the last"},
      {"* * * * 9#1", "weekday: 9 is not between 0 and 7"},
      {"0 0 30 2 *", "'0 0 30 2 *' is never due: no month has such a day"},
      {"0 0 31 4,6,9,11 *", "'0 0 31 4,6,9,11 *' is never due: no month has such a day"},
      {"@reboot", "@reboot is none of @yearly, @monthly, @weekly, @daily and @hourly"},
  };
  for (const auto& [times, why] : table) {
    const auto schedule = parse_cron(times);
    REQUIRE_MESSAGE(!schedule, times);
    CHECK(schedule.error().what == why);
    CHECK(schedule.error().code == exit_code::usage);
  }
}

TEST_CASE("cron: clocks that are put forward or back") {
  struct row {
    const char* what;
    const char* times;
    sys_second after;
    const char* due; ///< in UTC
  };
  const row table[] = {
      {"in winter", "30 2 * * *", utc(2026, 1, 10), "2026-01-10 01:30:00"},
      {"in summer", "30 2 * * *", utc(2026, 7, 10), "2026-07-10 00:30:00"},
      {"2:30 is left out: at once when it is over", "30 2 * * *", utc(2026, 3, 28, 12), "2026-03-29 01:00:00"},
      {"and the next day as ever", "30 2 * * *", utc(2026, 3, 29, 1), "2026-03-30 00:30:00"},
      {"any hour goes on", "30 * * * *", utc(2026, 3, 29, 0, 30), "2026-03-29 01:30:00"},
      {"every second hour, of which 2:00 is left out", "0 */2 * * *", utc(2026, 3, 28, 23), "2026-03-29 02:00:00"},
      {"2:30 comes twice: the first time", "30 2 * * *", utc(2026, 10, 24, 12), "2026-10-25 00:30:00"},
      {"and not the second", "30 2 * * *", utc(2026, 10, 25, 0, 30), "2026-10-26 01:30:00"},
      {"any hour counts both", "30 * * * *", utc(2026, 10, 25, 0, 30), "2026-10-25 01:30:00"},
      {"asked in the hour that repeats", "30 2 * * *", utc(2026, 10, 25, 1, 10), "2026-10-26 01:30:00"},
      {"asked the instant before the hour comes again", "30 2 * * *", utc(2026, 10, 25, 0, 59, 59),
       "2026-10-26 01:30:00"},
      {"asked the instant before the gap ends", "30 2 * * *", utc(2026, 3, 29, 0, 59, 59), "2026-03-29 01:00:00"},
      {"asked the instant before the change", "0 3 * * *", utc(2026, 10, 25, 0, 59, 59), "2026-10-25 02:00:00"},
  };
  for (const auto& [what, times, after, due] : table)
    CHECK_MESSAGE(next(times, after, berlin) == due, what);
}

TEST_CASE("cron: this machine's tzdata knows Berlin as the table above does") {
  const auto zone = os::find_time_zone("Europe/Berlin");
  if (os::time_zone_names().empty())
    return; // no tzdata here
  REQUIRE(zone);
  for (auto at = utc(2026, 1, 1); at < utc(2026, 12, 31); at += 1h)
    REQUIRE((*zone)(at).offset == berlin(at).offset);
  CHECK((*zone)(utc(2026, 5, 1)).end == utc(2026, 10, 25, 1));
  CHECK(!os::find_time_zone("Europe/Nowhere"));
  CHECK(!os::find_time_zone("../../etc/passwd"));
}

TEST_CASE("cron: a machine without tzdata knows UTC") {
  REQUIRE(os::find_time_zone("UTC"));
  CHECK((*os::find_time_zone("UTC"))(utc(2026, 7, 1)).offset == 0s);
  CHECK(os::find_time_zone(""));
}
