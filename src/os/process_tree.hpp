#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "os/procfs.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::os {

/// A living process, held by its pidfd: a signal through that reaches this process or nobody.
struct held_process {
  pid_t pid = 0;
  pid_t group = 0;
  pid_t session = 0;
  unique_fd pidfd;
};

/// Holds a process if it is alive and a child of `parent` (whose number has to be certain). Empty pidfd: it is not.
held_process hold_child(const procfs& proc, pid_t pid, pid_t parent);

/// Holds a process if it is alive, whosever child it is. What else is known of the number has to be asked again once it
/// is held.
held_process hold(const procfs& proc, pid_t pid);

/// Holds the process that had this number and has started at this moment (process_stat::start_ticks), if it is alive.
/// Never another one to which the number was given later.
unique_fd hold_started(const procfs& proc, pid_t pid, uint64_t start_ticks);

/// What descends from `root`, those furthest from it first, at most `at_most` of them. The number `root` has to be
/// certain: held by an unreaped child of the keeper's, or by a pidfd that is asked afterwards. What is forked meanwhile
/// may be missed; what is found is never a stranger.
std::vector<held_process> descendants(const procfs& proc, pid_t root, size_t at_most);

} // namespace procvisor::os
