#include "os/process_tree.hpp"

#include <algorithm>
#include <iterator>

#include "os/pidfd.hpp"

namespace procvisor::os {

namespace {

/// `is_it` judges by what /proc says.
template <class F>
held_process hold_if(const procfs& proc, pid_t pid, F is_it) {
  held_process held;
  // In this order: where the pidfd's process is still alive when it is signalled, the number was its own all the time,
  // and what was read here was read of it.
  unique_fd pidfd = open_pidfd(pid);
  const auto seen = pidfd ? proc.stat(pid) : std::nullopt;
  if (!seen || seen->is_over() || !is_it(*seen))
    return held;
  held.pid = pid;
  held.group = seen->group;
  held.session = seen->session;
  held.pidfd = std::move(pidfd);
  return held;
}

} // namespace

held_process hold_child(const procfs& proc, pid_t pid, pid_t parent) {
  return hold_if(proc, pid, [parent](const process_stat& seen) { return seen.parent == parent; });
}

held_process hold(const procfs& proc, pid_t pid) {
  return hold_if(proc, pid, [](const process_stat&) { return true; });
}

unique_fd hold_started(const procfs& proc, pid_t pid, uint64_t start_ticks) {
  return hold_if(proc, pid, [start_ticks](const process_stat& seen) { return seen.start_ticks == start_ticks; }).pidfd;
}

std::vector<held_process> descendants(const procfs& proc, pid_t root, size_t at_most) {
  std::vector<held_process> found;
  const auto hold_children_of = [&](pid_t parent) {
    for (const pid_t pid : proc.children(parent)) {
      if (found.size() >= at_most)
        return;
      if (auto child = hold_child(proc, pid, parent); child.pidfd)
        found.push_back(std::move(child));
    }
  };
  hold_children_of(root);
  for (size_t next = 0; next < found.size(); ++next) {
    const size_t before = found.size();
    hold_children_of(found[next].pid);
    if (!send_signal(found[next].pidfd, 0)) // reaped meanwhile: its number may have been somebody else's
      found.erase(found.begin() + static_cast<std::ptrdiff_t>(before), found.end());
  }
  std::ranges::reverse(found);
  return found;
}

} // namespace procvisor::os
