#include <doctest/doctest.h>

#include <sched.h>

#include "os/cpu_count.hpp"
#include "temp_folder.hpp"

using namespace procvisor;

TEST_CASE("cpu count: it is between one and the affinity mask") {
  cpu_set_t mask;
  REQUIRE(::sched_getaffinity(0, sizeof mask, &mask) == 0);
  CHECK(os::cpu_count() >= 1);
  CHECK(os::cpu_count() <= CPU_COUNT(&mask));
}

TEST_CASE("cpu count: the smallest quota of the group and the ones above it counts") {
  temp_folder mount;
  mount.write("a/cpu.max", "250000 100000\n");
  mount.write("a/b/cpu.max", "max 100000\n");
  mount.write("a/b/c/cpu.max", "50000 100000\n");
  CHECK(os::cgroup_cpu_quota("0::/a\n", mount.path()) == 2);
  CHECK(os::cgroup_cpu_quota("0::/a/b\n", mount.path()) == 2);
  CHECK(os::cgroup_cpu_quota("0::/a/b/c\n", mount.path()) == 1); // half a CPU is one process
  CHECK(os::cgroup_cpu_quota("0::/gone\n", mount.path()) == 0);
  CHECK(os::cgroup_cpu_quota("0::/\n", mount.path()) == 0);
}

TEST_CASE("cpu count: version 1 of cgroups is read where it has the cpu controller") {
  temp_folder mount;
  mount.write("cpu/x/cpu.cfs_quota_us", "300000\n");
  mount.write("cpu/x/cpu.cfs_period_us", "100000\n");
  mount.write("cpu/cpu.cfs_quota_us", "-1\n");
  mount.write("cpu/cpu.cfs_period_us", "100000\n");
  CHECK(os::cgroup_cpu_quota("5:cpuset:/x\n4:cpu,cpuacct:/x\n", mount.path()) == 3);
  CHECK(os::cgroup_cpu_quota("4:cpu,cpuacct:/\n", mount.path()) == 0);
  CHECK(os::cgroup_cpu_quota("garbage\n:\n", mount.path()) == 0);
}
