#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace procvisor::os {

/// Owns one file descriptor from its birth: `unique_fd fd{open(path, O_RDONLY | O_CLOEXEC)};`
class unique_fd {
public:
  unique_fd() noexcept = default;
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other)
      reset(other.release());
    return *this;
  }
  ~unique_fd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept {
    if (fd_ >= 0)
      ::close(fd_);
    fd_ = fd;
  }

private:
  int fd_ = -1;
};

/// Another descriptor of the same file. Empty: errno says why.
inline unique_fd duplicate(int fd) noexcept {
  return unique_fd{::fcntl(fd, F_DUPFD_CLOEXEC, 0)};
}

} // namespace procvisor::os
