#include "os/process_tree.hpp"

#include <algorithm>
#include <iterator>

#include "os/pidfd.hpp"

namespace procvisor::os {

held_process hold_child(const procfs& proc, pid_t pid, pid_t parent) {
  held_process held;
  // In this order: where the pidfd's process is still alive when it is signalled, the number was its own all the time,
  // and what was read here was read of it.
  unique_fd pidfd = open_pidfd(pid);
  const auto seen = pidfd ? proc.stat(pid) : std::nullopt;
  if (!seen || seen->is_over() || seen->parent != parent)
    return held;
  held.pid = pid;
  held.group = seen->group;
  held.session = seen->session;
  held.pidfd = std::move(pidfd);
  return held;
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
