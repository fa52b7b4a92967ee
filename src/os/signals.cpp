#include "os/signals.hpp"

#include <signal.h>
#include <sys/signalfd.h>

namespace procvisor::os {

unique_fd take_signals(std::initializer_list<int> numbers) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : numbers)
    ::sigaddset(&set, number);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return unique_fd{::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)};
}

std::optional<int> next_signal(int signalfd) {
  signalfd_siginfo read{};
  if (::read(signalfd, &read, sizeof read) != static_cast<ssize_t>(sizeof read))
    return std::nullopt;
  return static_cast<int>(read.ssi_signo);
}

void ignore_signals(std::initializer_list<int> numbers) {
  for (const int number : numbers)
    ::signal(number, SIG_IGN);
}

} // namespace procvisor::os
