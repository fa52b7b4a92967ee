#include "os/cpu_count.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "os/text_file.hpp"

namespace procvisor::os {

namespace {

constexpr size_t most_bytes = 64 * 1024;

/// The leading number of a text; nullopt: none ("max"), or not positive (-1 is version 1's "no quota").
std::optional<int64_t> positive_number(std::string_view text) {
  int64_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || number <= 0)
    return std::nullopt;
  return number;
}

/// Quota and period in microseconds, of one group.
struct bandwidth {
  std::optional<int64_t> quota;
  std::optional<int64_t> period;
};

/// cpu.max of version 2: "max 100000" or "250000 100000".
bandwidth read_version_2(const std::string& folder) {
  const auto text = read_text_file(folder + "/cpu.max", most_bytes);
  if (!text)
    return {};
  const auto space = std::min(text->find(' '), text->size());
  return {positive_number(*text), positive_number(std::string_view(*text).substr(std::min(space + 1, text->size())))};
}

bandwidth read_version_1(const std::string& folder) {
  const auto number = [&](const char* name) -> std::optional<int64_t> {
    const auto text = read_text_file(folder + name, most_bytes);
    return text ? positive_number(*text) : std::nullopt;
  };
  return {number("/cpu.cfs_quota_us"), number("/cpu.cfs_period_us")};
}

/// The smallest quota of a group and the ones above it, in whole CPUs; 0: none.
template <class Read>
int smallest_quota(const std::string& root, std::string group, Read read) {
  int smallest = 0;
  while (true) {
    if (const bandwidth limit = read(root + group); limit.quota && limit.period) {
      const int cpus = static_cast<int>(std::clamp<int64_t>(*limit.quota / *limit.period, 1, INT32_MAX));
      smallest = smallest == 0 ? cpus : std::min(smallest, cpus);
    }
    if (group.empty())
      return smallest;
    group.resize(group.rfind('/'));
  }
}

/// Whether a comma separated list of controllers has "cpu".
bool has_cpu_controller(std::string_view controllers) {
  while (!controllers.empty()) {
    const auto end = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, end) == "cpu")
      return true;
    controllers.remove_prefix(std::min(end + 1, controllers.size()));
  }
  return false;
}

int affinity_count() {
  // A mask of fixed size does not do on a machine with more than 1,024 CPUs: EINVAL then.
  for (size_t cpus = 1024; cpus <= 1024 * 64; cpus *= 2) {
    std::vector<cpu_set_t> mask(cpus / 1024);
    const size_t bytes = mask.size() * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, bytes, mask.data()) == 0)
      return CPU_COUNT_S(bytes, mask.data());
  }
  return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
}

} // namespace

int cgroup_cpu_quota(const std::string& proc_cgroup, const std::string& mount) {
  int smallest = 0;
  for (std::string_view rest = proc_cgroup; !rest.empty();) { // lines of id:controllers:path (cgroups(7))
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos)
      continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    std::string group(line.substr(second + 1));
    if (group == "/" || !group.starts_with('/'))
      group.clear();
    int quota = 0;
    if (controllers.empty())
      quota = smallest_quota(mount, group, read_version_2);
    else if (has_cpu_controller(controllers))
      quota = smallest_quota(mount + "/cpu", group, read_version_1);
    if (quota > 0)
      smallest = smallest == 0 ? quota : std::min(smallest, quota);
  }
  return smallest;
}

int cpu_count() {
  const int allowed = std::max(1, affinity_count());
  const auto groups = read_text_file("/proc/self/cgroup", most_bytes);
  const int quota = groups ? cgroup_cpu_quota(*groups, "/sys/fs/cgroup") : 0;
  return quota > 0 ? std::min(allowed, quota) : allowed;
}

} // namespace procvisor::os
