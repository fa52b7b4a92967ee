#pragma once

#include <sys/types.h>

#include <optional>

#include "os/unique_fd.hpp"

namespace procvisor::os {

// System calls by number: glibc 2.36 declares its wrappers without extern "C".

/// pidfd_open(2), close-on-exec: readable when the process is over. Empty: errno says why. The number is only certain
/// to mean the process that the caller thinks of where that one's zombie is the caller's to reap.
unique_fd open_pidfd(pid_t pid);

/// pidfd_send_signal(2). False: errno says why (ESRCH: it is over and reaped).
bool send_signal(int pidfd, int signal);
inline bool send_signal(const unique_fd& pidfd, int signal) {
  return send_signal(pidfd.get(), signal);
}

/// The wait status (wait(2)) of a process that is over and may be anybody's child: where its zombie is still there, or
/// where the kernel keeps it with the pidfd (6.15). nullopt: it is lost.
std::optional<int> status_of_ended(int pidfd, pid_t pid);

} // namespace procvisor::os
