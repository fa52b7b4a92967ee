#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace e2e {

/// What the kernel says of a process of procvisor's: its memory, descriptors and time.
size_t resident_kib(pid_t pid);
size_t open_descriptors(pid_t pid);
long cpu_ticks(pid_t pid);

/// Takes a resource away from a running process, and gives it back.
class shortage {
public:
  shortage(pid_t pid, __rlimit_resource what, rlim_t left);
  ~shortage() { end(); }
  shortage(const shortage&) = delete;
  shortage& operator=(const shortage&) = delete;
  void end();

private:
  pid_t pid_;
  __rlimit_resource what_;
  rlimit before_{};
};

/// As RLIMIT_NOFILE: `more` descriptors can be opened, and then none.
rlim_t descriptors_with(pid_t pid, size_t more);

/// A bare connection to a daemon's socket.
class raw_client {
public:
  explicit raw_client(const std::string& socket_path);
  ~raw_client();
  raw_client(raw_client&& other) noexcept;
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  /// What the socket takes of it now.
  void say(std::string_view text) const;
  void finish() const; ///< nothing more is said
  /// All of it, or until the other end closes.
  void push(std::string_view text) const;
  /// One line; empty: none came within so many milliseconds, or the other end has closed.
  std::string line(int milliseconds) const;

private:
  int fd_;
};

} // namespace e2e
