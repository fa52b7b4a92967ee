#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace procvisor::cli {

/// "119s", "2m", "47h", "2D", "2M" (months of 30 days), "2Y": rounded down to one unit, the largest of which there are
/// at least two, as PM2 shows it. Below zero (the clock was set back): "0s".
std::string uptime_text(std::chrono::milliseconds uptime);

/// "0b", "512b", "20.3mb": units of 1024, one decimal.
std::string memory_text(int64_t bytes);

/// "0%", "12.5%": percent of one core.
std::string cpu_text(double percent);

/// "2026-11-22T14:24:30.123Z"
std::string time_text(std::chrono::milliseconds since_epoch);

} // namespace procvisor::cli
