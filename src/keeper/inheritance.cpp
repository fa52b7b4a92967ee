#include "keeper/inheritance.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/version.hpp"
#include "keeper/keeper.hpp"
#include "os/memfd.hpp"

namespace procvisor::keeper {

namespace {

constexpr size_t head_of_first_format = sizeof(inheritance_head);
constexpr size_t launch_of_first_format = sizeof(inherited_launch);

/// False: `use` has returned false for one of them.
template <class F>
bool for_each_descriptor(inheritance& what, F use) {
  inheritance_head& head = what.head;
  bool all = true;
  for (int32_t* fd : {&head.listening, &head.pid_file, &head.state, &head.program})
    all = (*fd < 0 || use(*fd)) && all;
  for (inherited_launch& one : what.launches)
    for (int32_t* fd : {&one.pidfd, &one.out, &one.err, &one.channel})
      all = (*fd < 0 || use(*fd)) && all;
  for (inherited_socket& one : what.sockets)
    all = (one.fd < 0 || use(one.fd)) && all;
  return all;
}

std::vector<inherited_launch> read_launches(std::string_view bytes, const inheritance_head& head) {
  std::vector<inherited_launch> read(head.launches);
  for (auto& one : read) {
    std::memcpy(&one, bytes.data(), sizeof one);
    bytes.remove_prefix(head.launch_size);
  }
  return read;
}

/// nullopt: it is cut off, or there is more.
std::optional<std::vector<inherited_socket>> read_sockets(std::string_view bytes, uint32_t count) {
  std::vector<inherited_socket> read;
  for (uint32_t i = 0; i < count; ++i) {
    inherited_socket_head head;
    if (bytes.size() < sizeof head)
      return std::nullopt;
    std::memcpy(&head, bytes.data(), sizeof head);
    bytes.remove_prefix(sizeof head);
    if (bytes.size() < head.length)
      return std::nullopt;
    read.push_back({std::string{bytes.substr(0, head.length)}, head.fd});
    bytes.remove_prefix(head.length);
  }
  return bytes.empty() ? std::optional{std::move(read)} : std::nullopt;
}

bool keep_across_exec(inheritance& what, bool keep) {
  return for_each_descriptor(what, [keep](int32_t fd) { return ::fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC) == 0; });
}

} // namespace

os::unique_fd write_inheritance(const inheritance& what) {
  inheritance_head head = what.head;
  head.launches = static_cast<uint32_t>(what.launches.size());
  head.sockets = static_cast<uint32_t>(what.sockets.size());
  version().copy(head.version.data(), head.version.size() - 1);
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  if (!what.launches.empty())
    bytes.append(reinterpret_cast<const char*>(what.launches.data()), what.launches.size() * sizeof(inherited_launch));
  for (const inherited_socket& one : what.sockets) {
    const inherited_socket_head named{one.fd, static_cast<uint32_t>(one.name.size())};
    bytes.append(reinterpret_cast<const char*>(&named), sizeof named);
    bytes += one.name;
  }
  return os::sealed_memfd("procvisor-inheritance", bytes);
}

result<inheritance> read_inheritance(int file) {
  const std::string bytes = os::read_whole(file);
  inheritance read;
  const auto refuse = [](std::string why) { return fail(exit_code::other, std::move(why)); };
  if (bytes.size() < head_of_first_format)
    return refuse("what it is to take over is cut off");
  const auto expected = read.head.magic;
  std::memcpy(&read.head, bytes.data(), sizeof read.head);
  const inheritance_head& head = read.head;
  if (head.magic != expected)
    return refuse("what it is to take over was not written by a keeper");
  const std::string_view writer{head.version.data(), ::strnlen(head.version.data(), head.version.size())};
  if (head.format > inheritance_format)
    return refuse(fmt::format("it is older than procvisor {}, whose hand-over is of format {}; this program reads {}",
                              writer, head.format, inheritance_format));
  if (!is_compatible_version(writer))
    return refuse(fmt::format("procvisor {} cannot take over from procvisor {}: the major version is another",
                              version(), writer));
  const size_t end_of_launches = head.head_size + size_t{head.launches} * head.launch_size;
  if (head.head_size < head_of_first_format || head.launch_size < launch_of_first_format
      || bytes.size() < end_of_launches)
    return refuse("what it is to take over is cut off");
  read.launches = read_launches(std::string_view{bytes}.substr(head.head_size), head);
  auto sockets = read_sockets(std::string_view{bytes}.substr(end_of_launches), head.sockets);
  if (!sockets)
    return refuse("what it is to take over is cut off");
  read.sockets = std::move(*sockets);
  return read;
}

void exec_keeper(int program, inheritance what) {
  os::unique_fd moved; // one that has the number which the file is to have
  if (program == ready_fd) {
    moved.reset(::fcntl(program, F_DUPFD_CLOEXEC, ready_fd + 1));
    program = moved.get();
  }
  for_each_descriptor(what, [&moved](int32_t& fd) {
    if (fd == ready_fd) {
      moved.reset(::fcntl(fd, F_DUPFD_CLOEXEC, ready_fd + 1));
      fd = moved.get();
    }
    return true;
  });
  const os::unique_fd aside{::fcntl(ready_fd, F_DUPFD_CLOEXEC, ready_fd + 1)};
  const os::unique_fd written = write_inheritance(what);
  // Another number in any case: dup2 to its own would leave it close-on-exec.
  const os::unique_fd file{::fcntl(written.get(), F_DUPFD_CLOEXEC, ready_fd + 1)};
  int failed = !file || !keep_across_exec(what, true) || ::dup2(file.get(), ready_fd) < 0 ? errno : 0;
  if (failed == 0) {
    std::array argv = {const_cast<char*>("procvisor"), const_cast<char*>("keeper"), static_cast<char*>(nullptr)};
    const std::string path = fmt::format("/proc/self/fd/{}", program);
    ::execve(path.c_str(), argv.data(), environ);
    failed = errno;
  }
  if (aside)
    ::dup3(aside.get(), ready_fd, O_CLOEXEC);
  else
    ::close(ready_fd);
  keep_across_exec(what, false);
  errno = failed;
}

} // namespace procvisor::keeper
