#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "os/procfs.hpp"

namespace procvisor::os {

/// A process whose memory has a limit, with all that it has started.
struct limited_tree {
  pid_t pid = 0;
  std::string cgroup; ///< the folder of that in which the tree is; empty: it is in none of its own
  uint64_t limit = 0;
};

/// The resident memory of each tree, in order. All trees that have no cgroup take one pass over /proc together. Where a
/// tree of several processes is above its limit, memory that they share counts once.
std::vector<uint64_t> tree_memory(const procfs& proc, const std::vector<limited_tree>& trees);

} // namespace procvisor::os
