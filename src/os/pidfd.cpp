#include "os/pidfd.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>

#include "os/procfs.hpp"

namespace procvisor::os {

namespace {

/// linux/pidfd.h of 6.15; Debian 12's headers are older.
struct pidfd_info {
  uint64_t mask = 0;
  uint64_t cgroup = 0;
  std::array<uint32_t, 11> ids{};
  int32_t exit_code = 0;
};
static_assert(sizeof(pidfd_info) == 64);
constexpr uint64_t info_has_exit = 1U << 3U;
constexpr unsigned long get_info = _IOWR(0xFF, 11, pidfd_info);

std::optional<int> kept_status(int pidfd) {
  pidfd_info info;
  info.mask = info_has_exit;
  if (::ioctl(pidfd, get_info, &info) != 0 || (info.mask & info_has_exit) == 0)
    return std::nullopt;
  return info.exit_code;
}

} // namespace

std::optional<int> status_of_ended(int pidfd, pid_t pid) {
  if (const auto kept = kept_status(pidfd))
    return kept;
  const auto zombie = procfs{}.stat(pid);
  if (send_signal(pidfd, 0)) // a zombie still: the number was its own when it was looked at
    return zombie && zombie->is_over() ? std::optional{zombie->wait_status} : std::nullopt;
  return kept_status(pidfd); // it has been reaped since the first question
}

unique_fd open_pidfd(pid_t pid) {
  return unique_fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

bool send_signal(int pidfd, int signal) {
  return ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0;
}

} // namespace procvisor::os
