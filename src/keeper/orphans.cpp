#include "keeper/orphans.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace procvisor::keeper {

orphans_found find_orphans(const os::procfs& proc, std::span<const pid_t> known) {
  orphans_found found;
  for (const pid_t pid : proc.children(::getpid())) {
    if (std::ranges::binary_search(known, pid))
      continue;
    siginfo_t end{};
    const bool is_over =
        ::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 && end.si_pid != 0;
    (is_over ? found.ended : found.living).push_back(pid);
  }
  return found;
}

} // namespace procvisor::keeper
