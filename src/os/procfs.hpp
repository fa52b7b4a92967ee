#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// What /proc/PID/stat says of a process (proc(5)).
struct process_stat {
  char state = '?'; ///< 'Z': a zombie
  pid_t parent = 0;
  pid_t group = 0;
  uint64_t cpu_ticks = 0;      ///< user and system time, in ticks_per_second()
  uint64_t start_ticks = 0;    ///< since boot: with the pid it names one process for ever
  uint64_t resident_bytes = 0; ///< as exact as the kernel's own batches, some 100 KiB
};

/// The text of /proc/PID/stat; nullopt: it is none. The name in it may hold spaces and brackets.
std::optional<process_stat> parse_stat(std::string_view text);

uint64_t ticks_per_second();

/// Reads /proc; one for the life of the process that looks (1,000 processes: 3-5 ms).
class procfs {
public:
  std::optional<process_stat> stat(pid_t pid) const; ///< nullopt: no such process

private:
  unique_fd root_ = open_root();
  static unique_fd open_root();
};

} // namespace procvisor::os
