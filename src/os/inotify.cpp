#include "os/inotify.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "core/units.hpp"
#include "os/text_file.hpp"

namespace procvisor::os {

namespace {

constexpr size_t buffer_size = 64 * 1024;

std::string shortage(std::string_view what, std::string_view limit, int64_t enough) {
  auto text = read_text_file(fmt::format("/proc/sys/fs/inotify/{}", limit), 64).value_or("");
  if (text.ends_with('\n'))
    text.pop_back();
  const auto now = parse_integer(text).value_or(0);
  return fmt::format("no inotify {} is left for this user (fs.inotify.{} is {}): raise it with sysctl fs.inotify.{}={}",
                     what, limit, now, limit, std::max(enough, 4 * now));
}

} // namespace

unique_fd open_inotify() {
  return unique_fd{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
}

void read_inotify(int fd, const std::function<void(const inotify_change&)>& take) {
  alignas(inotify_event) std::array<char, buffer_size> buffer;
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  for (size_t at = 0; got > 0 && at < static_cast<size_t>(got);) {
    inotify_event event{};
    std::memcpy(&event, buffer.data() + at, sizeof event);
    const char* const name = buffer.data() + at + sizeof event;
    take({event.wd, event.mask, {name, ::strnlen(name, event.len)}});
    at += sizeof event + event.len;
  }
}

std::string inotify_shortage(int failure) {
  if (failure == ENOSPC)
    return shortage("watch", "max_user_watches", 524'288);
  if (failure == EMFILE)
    return shortage("instance", "max_user_instances", 1024);
  return std::strerror(failure);
}

} // namespace procvisor::os
