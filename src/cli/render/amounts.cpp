#include "cli/render/amounts.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include <fmt/format.h>

namespace procvisor::cli {

using namespace std::chrono_literals;

std::string uptime_text(std::chrono::milliseconds uptime) {
  struct unit {
    std::chrono::seconds length;
    char letter;
  };
  static constexpr std::array units{
      unit{365 * 24h, 'Y'}, unit{30 * 24h, 'M'}, unit{24h, 'D'}, unit{1h, 'h'}, unit{1min, 'm'},
  };
  auto seconds = std::max(std::chrono::floor<std::chrono::seconds>(uptime), 0s);
  for (const unit& u : units)
    if (seconds >= 2 * u.length)
      return fmt::format("{}{}", seconds / u.length, u.letter);
  return fmt::format("{}s", seconds.count());
}

std::string memory_text(int64_t bytes) {
  if (bytes < 1024)
    return fmt::format("{}b", bytes);
  static constexpr std::array<std::string_view, 4> units{"kb", "mb", "gb", "tb"};
  auto amount = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < units.size(); ++unit)
    amount /= 1024;
  return fmt::format("{:.1f}{}", amount, units[unit]);
}

std::string cpu_text(double percent) {
  return fmt::format("{:.4g}%", percent);
}

std::string time_text(std::chrono::milliseconds since_epoch) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  std::time_t time = seconds.count();
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, (since_epoch - seconds).count());
}

} // namespace procvisor::cli
