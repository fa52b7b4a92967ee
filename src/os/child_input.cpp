#include "os/child_input.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include <fmt/format.h>

#include "os/unique_fd.hpp"

namespace procvisor::os {

namespace {

/// An anonymous pipe that was opened for reading and writing, which pipe(2) alone never gives: one of make_input_pipe.
bool is_input_pipe(const std::string& path) {
  struct stat link {};
  struct stat target {};
  return ::lstat(path.c_str(), &link) == 0 && (link.st_mode & S_IRUSR) != 0 && (link.st_mode & S_IWUSR) != 0
         && ::stat(path.c_str(), &target) == 0 && S_ISFIFO(target.st_mode);
}

} // namespace

result<void> write_input(pid_t pid, std::string_view text) {
  if (text.size() > max_input_bytes)
    return fail(exit_code::usage, fmt::format("a text for stdin can have {} bytes at most", max_input_bytes));
  const std::string path = fmt::format("/proc/{}/fd/0", pid);
  if (!is_input_pipe(path))
    return fail(exit_code::other, "it does not read the stdin that it was started with");
  const unique_fd pipe{::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)};
  if (!pipe)
    return fail(exit_code::other, fmt::format("opening its stdin failed: {}", ::strerrordesc_np(errno)));
  ssize_t written = -1;
  do
    written = ::write(pipe.get(), text.data(), text.size());
  while (written < 0 && errno == EINTR);
  if (written < 0 && errno == EAGAIN)
    return fail(exit_code::other, "its stdin is full: it has not read what it was sent before");
  if (written < 0)
    return fail(exit_code::other, fmt::format("writing to its stdin failed: {}", ::strerrordesc_np(errno)));
  if (static_cast<size_t>(written) < text.size())
    return fail(exit_code::other, fmt::format("its stdin is full: it took {} of {} bytes", written, text.size()));
  return {};
}

} // namespace procvisor::os
