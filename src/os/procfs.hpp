#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// What /proc/PID/stat says of a process (proc(5)).
struct process_stat {
  char state = '?'; ///< 'Z': a zombie
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  uint64_t cpu_ticks = 0;      ///< user and system time, in ticks_per_second()
  uint64_t start_ticks = 0;    ///< since boot: with the pid it names one process for ever
  uint64_t resident_bytes = 0; ///< as exact as the kernel's own batches, some 100 KiB
  uint64_t environment_bytes = 0;
  /// False: it is in the middle of an execve, or is not ours to look at.
  bool has_environment = false;
  int wait_status = 0; ///< of a zombie, as wait(2) will say

  bool is_over() const noexcept { return state == 'Z' || state == 'X'; }
};

/// The text of /proc/PID/stat; nullopt: it is none. The name in it may hold spaces and brackets.
std::optional<process_stat> parse_stat(std::string_view text);

uint64_t ticks_per_second();

/// In bytes; 0: it cannot be told.
uint64_t memory_of_machine();

/// Names this boot of the machine.
std::string boot_id();

/// Reads /proc; one for the life of the process that looks (1,000 processes: 3-5 ms).
class procfs {
public:
  std::optional<process_stat> stat(pid_t pid) const; ///< nullopt: no such process

  /// The children of all its threads, zombies among them. Certain to be complete only where no child of it is reaped
  /// meanwhile: for the caller's own children.
  std::vector<pid_t> children(pid_t pid) const;

  /// "NAME=value" strings, each with a NUL behind it, as they were at its execve (or what it has written there since).
  /// Empty in the middle of an execve, too; nullopt: it may not be read.
  std::optional<std::string> environment(pid_t pid) const;

  /// All that are alive.
  std::vector<pid_t> all() const;

  /// Its resident memory, of which that it shares with others counts in part (smaps_rollup). Takes milliseconds for each
  /// gigabyte. nullopt: it may not be read, or is gone.
  std::optional<uint64_t> proportional_bytes(pid_t pid) const;

private:
  void read_children_file(pid_t pid, pid_t thread, std::vector<pid_t>& into) const;
  std::vector<pid_t> children_by_walk(pid_t pid) const;
  unique_fd open(const char* format, pid_t first, pid_t second, int flags) const;

  unique_fd root_ = open_root();
  bool has_children_files_ = look_for_children_files();
  static unique_fd open_root();
  bool look_for_children_files() const;
};

} // namespace procvisor::os
