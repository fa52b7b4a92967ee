#include "os/wall_alarm.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace procvisor::os {

unique_fd make_wall_alarm() {
  return unique_fd{::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK)};
}

void set_wall_alarm(int alarm, std::optional<std::chrono::sys_seconds> at) {
  itimerspec setting{};
  if (at)
    setting.it_value.tv_sec = std::max<time_t>(at->time_since_epoch().count(), 1); // 0 would disarm it
  // ECANCELED: the clock has been set since the last read. The timer is armed all the same.
  ::timerfd_settime(alarm, TFD_TIMER_ABSTIME | (at ? TFD_TIMER_CANCEL_ON_SET : 0), &setting, nullptr);
}

void drain_wall_alarm(int alarm) {
  uint64_t times = 0;
  [[maybe_unused]] const auto n = ::read(alarm, &times, sizeof times); // ECANCELED where the clock was set: as good
}

} // namespace procvisor::os
