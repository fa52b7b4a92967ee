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

int create_text_file(const std::string& path, std::string_view text) {
  const unique_fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
  if (!fd)
    return errno;
  while (!text.empty()) {
    const auto count = ::write(fd.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0) {
      const int failure = errno;
      ::unlink(path.c_str());
      return failure;
    }
    text.remove_prefix(static_cast<size_t>(count));
  }
  return 0;
}

} // namespace procvisor::os
