#include "os/wall_time.hpp"

#include <ctime>

namespace procvisor::os {

namespace {

calendar_time converted(wall_clock::time_point at, tm* (*convert)(const time_t*, tm*)) {
  using namespace std::chrono;
  const auto whole = floor<seconds>(at);
  const time_t unix_seconds = whole.time_since_epoch().count();
  tm parts{};
  convert(&unix_seconds, &parts);
  return {
      .year = parts.tm_year + 1900,
      .month = parts.tm_mon + 1,
      .day = parts.tm_mday,
      .hour = parts.tm_hour,
      .minute = parts.tm_min,
      .second = parts.tm_sec,
      .nanosecond = static_cast<int>(duration_cast<nanoseconds>(at - whole).count()),
      .weekday = parts.tm_wday,
      .day_of_year = parts.tm_yday + 1,
      .utc_offset_minutes = static_cast<int>(parts.tm_gmtoff / 60),
      .unix_seconds = unix_seconds,
  };
}

} // namespace

calendar_time local_time(wall_clock::time_point at) {
  return converted(at, localtime_r);
}

calendar_time utc_time(wall_clock::time_point at) {
  return converted(at, gmtime_r);
}

} // namespace procvisor::os
