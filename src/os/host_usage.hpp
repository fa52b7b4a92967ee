#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace procvisor::os {

/// What all CPUs have done since boot, in ticks.
struct cpu_ticks {
  uint64_t busy = 0;
  uint64_t all = 0;
};

/// The first line of /proc/stat (proc(5)).
std::optional<cpu_ticks> parse_cpu_ticks(std::string_view text);

struct memory_amounts {
  uint64_t total = 0;     ///< bytes
  uint64_t available = 0; ///< without swapping
};

/// The text of /proc/meminfo.
std::optional<memory_amounts> parse_meminfo(std::string_view text);

/// How busy this machine is.
struct host_usage {
  double cpu = 0; ///< percent of all CPUs together, since the last look
  uint64_t memory = 0;
  uint64_t memory_total = 0;
  double load = 0; ///< the average of a minute
};

class host_meter {
public:
  /// The first look has no cpu.
  host_usage look();

private:
  cpu_ticks last_;
};

} // namespace procvisor::os
