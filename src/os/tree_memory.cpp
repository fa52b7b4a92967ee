#include "os/tree_memory.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "os/cgroup.hpp"

namespace procvisor::os {

namespace {

/// Who has started whom, at one moment.
class family {
public:
  explicit family(const procfs& proc) {
    for (const pid_t pid : proc.all())
      if (const auto seen = proc.stat(pid))
        children_.emplace(seen->parent, pid);
  }

  std::vector<pid_t> tree_of(pid_t root) const {
    std::vector<pid_t> found{root};
    for (size_t next = 0; next < found.size(); ++next)
      for (auto [at, end] = children_.equal_range(found[next]); at != end; ++at)
        if (std::ranges::find(found, at->second) == found.end()) // a number that was given out anew meanwhile
          found.push_back(at->second);
    return found;
  }

private:
  std::unordered_multimap<pid_t, pid_t> children_;
};

uint64_t resident(const procfs& proc, const std::vector<pid_t>& processes) {
  uint64_t bytes = 0;
  for (const pid_t pid : processes)
    if (const auto seen = proc.stat(pid))
      bytes += seen->resident_bytes;
  return bytes;
}

uint64_t proportional(const procfs& proc, const std::vector<pid_t>& processes) {
  uint64_t bytes = 0;
  for (const pid_t pid : processes) {
    const auto part = proc.proportional_bytes(pid);
    bytes += part ? *part : resident(proc, {pid});
  }
  return bytes;
}

} // namespace

std::vector<uint64_t> tree_memory(const procfs& proc, const std::vector<limited_tree>& trees) {
  std::optional<family> all;
  std::vector<uint64_t> used;
  used.reserve(trees.size());
  for (const auto& tree : trees) {
    auto processes = tree.cgroup.empty() ? std::vector<pid_t>{} : processes_in(tree.cgroup);
    if (processes.empty()) {
      if (!all)
        all.emplace(proc);
      processes = all->tree_of(tree.pid);
    }
    auto bytes = resident(proc, processes);
    if (bytes > tree.limit && processes.size() > 1)
      bytes = proportional(proc, processes);
    used.push_back(bytes);
  }
  return used;
}

} // namespace procvisor::os
