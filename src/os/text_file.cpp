#include "os/text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "os/unique_fd.hpp"

namespace procvisor::os {

tl::expected<std::string, int> read_text_file(const std::string& path, size_t limit) {
  const unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0)
    return tl::unexpected(errno);
  if (S_ISDIR(status.st_mode))
    return tl::unexpected(EISDIR);
  size_t expected = 0; // 0 for a pipe, and for the files of /proc, which have text all the same
  if (S_ISREG(status.st_mode))
    expected = static_cast<size_t>(status.st_size);
  if (expected > limit)
    return tl::unexpected(EFBIG);
  std::string text;
  constexpr size_t block = 64 * 1024;
  size_t used = 0;
  while (true) {
    text.resize(used == 0 ? expected + 1 : used + block); // + 1: one more read finds the end
    const auto count = ::read(fd.get(), text.data() + used, text.size() - used);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return tl::unexpected(errno);
    if (count == 0)
      break;
    used += static_cast<size_t>(count);
    if (used > limit)
      return tl::unexpected(EFBIG);
  }
  text.resize(used);
  return text;
}

namespace {

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return errno;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return 0;
}

} // namespace

int create_text_file(const std::string& path, std::string_view text) {
  const unique_fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
  if (!fd)
    return errno;
  const int failure = write_all(fd.get(), text);
  if (failure != 0)
    ::unlink(path.c_str());
  return failure;
}

int replace_text_file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string temporary = path + ".procvisor-new";
  ::unlink(temporary.c_str()); // left behind by a crash
  const unique_fd fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (!fd)
    return errno;
  int failure = ::fchmod(fd.get(), mode) == 0 ? write_all(fd.get(), text) : errno;
  if (failure == 0 && (::fsync(fd.get()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0))
    failure = errno;
  if (failure != 0)
    ::unlink(temporary.c_str());
  return failure;
}

} // namespace procvisor::os
