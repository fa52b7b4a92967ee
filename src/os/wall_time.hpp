#pragma once

#include "core/date_format.hpp"
#include "core/process.hpp"

namespace procvisor::os {

/// In the zone of this process: TZ, or the system's. It is read once.
calendar_time local_time(wall_clock::time_point at);
calendar_time utc_time(wall_clock::time_point at);

} // namespace procvisor::os
