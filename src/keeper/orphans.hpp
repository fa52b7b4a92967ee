#pragma once

#include <sys/types.h>

#include <span>
#include <vector>

#include "os/procfs.hpp"

namespace procvisor::keeper {

/// The children of this process that are not among the known ones. As it is a subreaper, whatever is alive of the tree
/// of a child that is over is one of them or descends from one of them.
struct orphans_found {
  std::vector<pid_t> living;
  std::vector<pid_t> ended; ///< zombies
};

/// `known` is sorted. Nobody but the caller reaps its children, so the list is complete.
orphans_found find_orphans(const os::procfs& proc, std::span<const pid_t> known);

} // namespace procvisor::keeper
