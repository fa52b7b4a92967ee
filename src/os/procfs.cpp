#include "os/procfs.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>

#include "os/text_file.hpp"

namespace procvisor::os {

namespace {

/// Numbers of the fields of /proc/PID/stat, as proc(5) counts them: 3 is the first behind the name.
namespace field {
constexpr int state = 3;
constexpr int parent = 4;
constexpr int group = 5;
constexpr int session = 6;
constexpr int user_time = 14;
constexpr int system_time = 15;
constexpr int start_time = 22;
constexpr int resident_pages = 24;
constexpr int environment_start = 50;
constexpr int environment_end = 51;
constexpr int wait_status = 52;
} // namespace field

uint64_t page_bytes() {
  static const auto bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

/// An environment larger than this is cut: execve(2) takes 6 MiB of arguments and environment.
constexpr size_t max_environment_bytes = 6 * 1024 * 1024;

struct close_folder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
using open_folder = std::unique_ptr<DIR, close_folder>;

/// Calls `use` with each name of the folder that is a number.
template <class F>
void for_each_number(unique_fd folder, F use) {
  const open_folder entries{::fdopendir(folder.get())};
  if (!entries)
    return;
  (void)folder.release();
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name{entry->d_name};
    pid_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc{} && end == name.data() + name.size())
      use(number);
  }
}

/// Reads on until the end or `at_most` bytes are there.
std::string read_to_end(int file, size_t at_most) {
  std::string text;
  size_t used = 0;
  for (;;) {
    text.resize(used + 4096);
    const ssize_t got = ::read(file, text.data() + used, text.size() - used);
    used += static_cast<size_t>(std::max<ssize_t>(got, 0));
    if (got <= 0 || used >= at_most)
      break;
  }
  text.resize(used);
  return text;
}

} // namespace

std::optional<process_stat> parse_stat(std::string_view text) {
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= text.size())
    return std::nullopt;
  const char* at = text.data() + name_end + 2;
  const char* const end = text.data() + text.size();

  process_stat parsed;
  uint64_t environment_start = 0;
  parsed.state = *at;
  at = std::min(at + 2, end);
  for (int number = field::state + 1; number <= field::wait_status; ++number) {
    int64_t value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error == std::errc::result_out_of_range) // an address or a limit without a limit: of no interest here
      value = 0;
    else if (error != std::errc{} && number <= field::resident_pages)
      return std::nullopt;
    else if (error != std::errc{})
      break; // a kernel that says no more
    at = std::min(next + 1, end);
    const auto magnitude = static_cast<uint64_t>(value);
    if (number == field::parent)
      parsed.parent = static_cast<pid_t>(value);
    else if (number == field::group)
      parsed.group = static_cast<pid_t>(value);
    else if (number == field::session)
      parsed.session = static_cast<pid_t>(value);
    else if (number == field::user_time || number == field::system_time)
      parsed.cpu_ticks += magnitude;
    else if (number == field::start_time)
      parsed.start_ticks = magnitude;
    else if (number == field::resident_pages)
      parsed.resident_bytes = magnitude * page_bytes();
    else if (number == field::environment_start)
      environment_start = magnitude;
    else if (number == field::environment_end)
      parsed.environment_bytes = magnitude - environment_start;
    else if (number == field::wait_status)
      parsed.wait_status = static_cast<int>(value);
  }
  parsed.has_environment = environment_start != 0;
  return parsed;
}

uint64_t ticks_per_second() {
  static const auto ticks = static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
  return ticks;
}

uint64_t memory_of_machine() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  return pages > 0 ? static_cast<uint64_t>(pages) * page_bytes() : 0;
}

unique_fd procfs::open_root() {
  return unique_fd{::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC)};
}

std::string boot_id() {
  auto text = read_text_file("/proc/sys/kernel/random/boot_id", 64).value_or(std::string{});
  if (text.ends_with('\n'))
    text.pop_back();
  return text;
}

std::optional<process_stat> procfs::stat(pid_t pid) const {
  const unique_fd file = open("%d/stat", pid, 0, O_RDONLY);
  if (!file)
    return std::nullopt;
  std::array<char, 1024> text; // 52 numbers and a name of at most 64 bytes
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got <= 0)
    return std::nullopt;
  return parse_stat({text.data(), static_cast<size_t>(got)});
}

unique_fd procfs::open(const char* format, pid_t first, pid_t second, int flags) const {
  std::array<char, 64> path;
  std::snprintf(path.data(), path.size(), format, first, second);
  return unique_fd{::openat(root_.get(), path.data(), flags | O_CLOEXEC)};
}

bool procfs::look_for_children_files() const {
  return ::faccessat(root_.get(), "thread-self/children", R_OK, 0) == 0; // a kernel without CONFIG_PROC_CHILDREN
}

std::vector<pid_t> procfs::children(pid_t pid) const {
  if (!has_children_files_)
    return children_by_walk(pid);
  std::vector<pid_t> found;
  std::array<char, 32> path;
  std::snprintf(path.data(), path.size(), "%d/task", pid);
  struct stat folder {};
  constexpr nlink_t links_with_one_thread = 3;
  if (::fstatat(root_.get(), path.data(), &folder, 0) == 0 && folder.st_nlink == links_with_one_thread)
    read_children_file(pid, pid, found);
  else
    for_each_number(open("%d/task", pid, 0, O_RDONLY | O_DIRECTORY),
                    [&](pid_t thread) { read_children_file(pid, thread, found); });
  return found;
}

void procfs::read_children_file(pid_t pid, pid_t thread, std::vector<pid_t>& into) const {
  const unique_fd file = open("%d/task/%d/children", pid, thread, O_RDONLY);
  if (!file)
    return;
  const std::string text = read_to_end(file.get(), SIZE_MAX);
  for (const char *at = text.data(), *end = at + text.size(); at < end;) {
    pid_t child = 0;
    const auto [next, error] = std::from_chars(at, end, child);
    if (error != std::errc{})
      return;
    into.push_back(child);
    at = next + 1;
  }
}

std::vector<pid_t> procfs::children_by_walk(pid_t pid) const {
  std::vector<pid_t> found;
  for_each_number(open(".", 0, 0, O_RDONLY | O_DIRECTORY), [&](pid_t other) {
    const auto seen = stat(other);
    if (seen && seen->parent == pid)
      found.push_back(other);
  });
  return found;
}

std::vector<pid_t> procfs::all() const {
  std::vector<pid_t> found;
  for_each_number(open(".", 0, 0, O_RDONLY | O_DIRECTORY), [&](pid_t pid) { found.push_back(pid); });
  return found;
}

std::optional<uint64_t> procfs::proportional_bytes(pid_t pid) const {
  constexpr std::string_view title = "\nPss:";
  const unique_fd file = open("%d/smaps_rollup", pid, 0, O_RDONLY);
  const std::string text = file ? read_to_end(file.get(), SIZE_MAX) : std::string{};
  const auto at = text.find(title);
  if (at == std::string::npos)
    return std::nullopt;
  const auto number = text.find_first_not_of(' ', at + title.size());
  uint64_t kibibytes = 0;
  if (number == std::string::npos
      || std::from_chars(text.data() + number, text.data() + text.size(), kibibytes).ec != std::errc{})
    return std::nullopt;
  return kibibytes << 10;
}

std::optional<std::string> procfs::environment(pid_t pid) const {
  const unique_fd file = open("%d/environ", pid, 0, O_RDONLY);
  if (!file)
    return std::nullopt;
  return read_to_end(file.get(), max_environment_bytes);
}

} // namespace procvisor::os
