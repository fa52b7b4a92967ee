#include "os/file_append.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace procvisor::os {

namespace {

/// The folders above `path`, from the topmost down. 0 or errno.
int make_parent_folders(std::string path) {
  const auto end = path.rfind('/');
  for (auto at = path.find('/', 1); at != std::string::npos && at <= end; at = path.find('/', at + 1)) {
    path[at] = '\0';
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
      return errno;
    path[at] = '/';
  }
  return 0;
}

unique_fd open_making_parents(const std::string& path, int flags) {
  constexpr mode_t mode = 0600;
  unique_fd fd{open(path.c_str(), flags, mode)};
  if (fd || errno != ENOENT)
    return fd;
  if (const int failed = make_parent_folders(path); failed != 0) {
    errno = failed;
    return {};
  }
  return unique_fd{open(path.c_str(), flags, mode)};
}

} // namespace

unique_fd open_append(const std::string& path) {
  auto fd = open_making_parents(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  // Not blocking is for a FIFO that nobody reads. The pipe of a process that is alive is read: its reader sets the pace.
  struct stat about {};
  if (fd && path.starts_with("/proc/") && ::fstat(fd.get(), &about) == 0 && S_ISFIFO(about.st_mode))
    ::fcntl(fd.get(), F_SETFL, O_APPEND);
  return fd;
}

int empty_file(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0)
    return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
  if (!S_ISREG(about.st_mode))
    return 0;
  return truncate(path.c_str(), 0) == 0 ? 0 : errno;
}

int write_file(const std::string& path, std::string_view text) {
  const auto fd = open_making_parents(path, O_WRONLY | O_TRUNC | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (!fd)
    return errno;
  const auto n = write(fd.get(), text.data(), text.size());
  if (n < 0)
    return errno;
  return static_cast<size_t>(n) == text.size() ? 0 : ENOSPC;
}

} // namespace procvisor::os
