#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "core/result.hpp"

namespace procvisor {

/// When something is due again and again: cron's five fields, with seconds in front where there are six (crontab(5), and
/// croner's L and # as PM2 has them).
///
///   second 0-59 | minute 0-59 | hour 0-23 | day 1-31, L the last one | month 1-12, JAN-DEC |
///   weekday 0-7, SUN-SAT; FRI#2 the second one of a month, FRI#L the last
///
/// Each field is a list of *, ?, N, N-M, each with /STEP. @yearly, @monthly, @weekly, @daily and @hourly, with their other
/// names, stand for a whole. Where both day and weekday are restricted, one of them is enough.
struct cron_schedule {
  uint64_t seconds = 0; ///< bit n: at n
  uint64_t minutes = 0;
  uint32_t hours = 0;
  uint32_t days = 0;                     ///< bits 1 to 31
  uint32_t months = 0;                   ///< bits 1 to 12
  uint32_t weekdays = 0;                 ///< bits 0 (Sunday) to 6
  std::array<uint8_t, 7> nth_weekdays{}; ///< by weekday; bits 1 to 5: the nth one of a month, bit 6: the last one
  bool last_day = false;
  bool any_day = true; ///< the field is * or ?
  bool any_weekday = true;
  bool any_hour = true; ///< the field begins with *: it follows the time that passes, not the clock on the wall

  bool operator==(const cron_schedule&) const = default;
};

/// What is wrong is said by field: "hour: 25 is not between 0 and 23". A schedule that is never due (30 February) is an
/// error as well.
result<cron_schedule> parse_cron(std::string_view text);

using sys_second = std::chrono::sys_seconds;

/// A stretch of time in which a zone's clock is as far from UTC: [begin, end).
struct zone_period {
  std::chrono::seconds offset{0}; ///< local time - UTC
  sys_second begin = sys_second::min();
  sys_second end = sys_second::max();
};
/// The one that holds an instant.
using time_zone = std::function<zone_period(sys_second)>;

/// The first instant after `after` at which it is due; nullopt: none within a hundred years. Where clocks are put
/// forward, what would have been due in the hour that is left out is due at once when it is over; where they are put
/// back, the hour that comes twice counts once. A schedule for any hour just goes on as time passes. (As cronie does,
/// cron(8), "Daylight Saving Time".)
std::optional<sys_second> next_due(const cron_schedule& schedule, sys_second after, const time_zone& zone);

} // namespace procvisor
