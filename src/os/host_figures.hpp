#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace procvisor::os {

/// What the machine as a whole does, of proc(5): 0 where it cannot be told.
struct host_figures {
  std::string name;               ///< hostname
  std::chrono::seconds uptime{0}; ///< since boot
  std::array<double, 3> load{};   ///< averages of 1, 5 and 15 minutes
  uint64_t memory_total = 0;      ///< bytes
  uint64_t memory_available = 0;  ///< bytes
  unsigned cpus = 0;
};

host_figures look_at_host();

} // namespace procvisor::os
