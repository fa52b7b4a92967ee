#pragma once

#include <chrono>
#include <optional>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// A timer of the wall clock, close-on-exec and non-blocking (timerfd_create(2), CLOCK_REALTIME). Empty: errno says why.
unique_fd make_wall_alarm();

/// Readable at that time, and at once when it has passed or when somebody sets the clock (TFD_TIMER_CANCEL_ON_SET);
/// nullopt: not any more.
void set_wall_alarm(int alarm, std::optional<std::chrono::sys_seconds> at);

/// Takes what has made it readable.
void drain_wall_alarm(int alarm);

} // namespace procvisor::os
