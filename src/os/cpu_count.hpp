#pragma once

#include <string>

namespace procvisor::os {

/// The CPUs that this process may use: those of its affinity mask, or fewer where a cgroup's quota is smaller (a quota
/// of 2.5 CPUs counts as 2). At least 1.
int cpu_count();

/// The quota part: whole CPUs by the cgroup of `proc_cgroup` (the text of /proc/self/cgroup) and the groups above it
/// under `mount` (/sys/fs/cgroup), version 2 or 1; 0: no quota.
int cgroup_cpu_quota(const std::string& proc_cgroup, const std::string& mount);

} // namespace procvisor::os
