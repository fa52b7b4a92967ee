#include "os/pidfd.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace procvisor::os {

unique_fd open_pidfd(pid_t pid) {
  return unique_fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

bool send_signal(int pidfd, int signal) {
  return ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0;
}

} // namespace procvisor::os
