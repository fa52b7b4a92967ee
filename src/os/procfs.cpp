#include "os/procfs.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace procvisor::os {

namespace {

/// Numbers of the fields of /proc/PID/stat, as proc(5) counts them: 3 is the first behind the name.
namespace field {
constexpr int state = 3;
constexpr int parent = 4;
constexpr int group = 5;
constexpr int user_time = 14;
constexpr int system_time = 15;
constexpr int start_time = 22;
constexpr int resident_pages = 24;
} // namespace field

uint64_t page_bytes() {
  static const auto bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

} // namespace

std::optional<process_stat> parse_stat(std::string_view text) {
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= text.size())
    return std::nullopt;
  const char* at = text.data() + name_end + 2;
  const char* const end = text.data() + text.size();

  process_stat parsed;
  parsed.state = *at;
  at = std::min(at + 2, end);
  for (int number = field::state + 1; number <= field::resident_pages; ++number) {
    int64_t value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc{})
      return std::nullopt;
    at = std::min(next + 1, end);
    const auto magnitude = static_cast<uint64_t>(value);
    if (number == field::parent)
      parsed.parent = static_cast<pid_t>(value);
    else if (number == field::group)
      parsed.group = static_cast<pid_t>(value);
    else if (number == field::user_time || number == field::system_time)
      parsed.cpu_ticks += magnitude;
    else if (number == field::start_time)
      parsed.start_ticks = magnitude;
    else if (number == field::resident_pages)
      parsed.resident_bytes = magnitude * page_bytes();
  }
  return parsed;
}

uint64_t ticks_per_second() {
  static const auto ticks = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  return ticks;
}

unique_fd procfs::open_root() {
  return unique_fd{::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC)};
}

std::optional<process_stat> procfs::stat(pid_t pid) const {
  std::array<char, 32> path;
  std::snprintf(path.data(), path.size(), "%d/stat", pid);
  const unique_fd file{::openat(root_.get(), path.data(), O_RDONLY | O_CLOEXEC)};
  if (!file)
    return std::nullopt;
  std::array<char, 1024> text; // 52 numbers and a name of at most 64 bytes
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got <= 0)
    return std::nullopt;
  return parse_stat({text.data(), static_cast<size_t>(got)});
}

} // namespace procvisor::os
