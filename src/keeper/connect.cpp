#include "keeper/connect.hpp"
#include "core/launch_recipe.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "keeper/ready.hpp"
#include "os/peer.hpp"
#include "os/pidfd.hpp"
#include "os/spawn.hpp"

namespace procvisor::keeper {

namespace {

/// What the keeper and its daemon get of this process's environment: what names places and the language, and what is
/// meant for procvisor. Anything else may be a secret of the caller's, which apps get with the request and nobody else
/// has to have.
bool is_for_keeper(std::string_view variable) {
  constexpr std::array names = {
      "PATH=", "HOME=", "USER=", "LOGNAME=", "LANG=", "LC_ALL=", "LC_CTYPE=", "TZ=", "TMPDIR="};
  constexpr std::array prefixes = {"PROCVISOR_", "ASAN_", "UBSAN_"};
  const auto begins_with_it = [&](std::string_view prefix) { return variable.starts_with(prefix); };
  return std::ranges::any_of(names, begins_with_it) || std::ranges::any_of(prefixes, begins_with_it);
}

/// With the home as it was resolved here: the keeper runs in another folder.
class keeper_environment {
public:
  explicit keeper_environment(const os::home& place) : home_(fmt::format("{}={}", os::home_variable, place.path)) {
    // A command that an app runs does not make the keeper a process of that app's.
    const std::string mark = fmt::format("{}=", marker_variable);
    const std::string_view own = std::string_view{home_}.substr(0, std::strlen(os::home_variable) + 1);
    for (char** variable = environ; *variable != nullptr; ++variable)
      if (is_for_keeper(*variable) && !std::string_view{*variable}.starts_with(own)
          && !std::string_view{*variable}.starts_with(mark))
        variables_.push_back(*variable);
    variables_.push_back(home_.data());
    variables_.push_back(nullptr);
  }
  char* const* data() const { return variables_.data(); }

private:
  std::string home_;
  std::vector<char*> variables_;
};

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 512> buffer;
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return text;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
}

/// Without pidfds nothing here is certain of which process it means.
result<void> check_kernel() {
  if (os::open_pidfd(::getpid()) || errno != ENOSYS)
    return {};
  utsname kernel{};
  ::uname(&kernel);
  return fail(
      exit_code::other,
      fmt::format("pidfd_open(2) is not there: procvisor needs Linux 5.3 or later, and this is {}", kernel.release),
      "in a container, its filter of system calls may be older than the kernel");
}

result<void> start_keeper(const os::home& place, const char* program) {
  if (auto checked = check_kernel(); !checked)
    return checked;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(exit_code::other, fmt::format("making a pipe failed: {}", ::strerrordesc_np(errno)));
  const os::unique_fd read_end{ends[0]};
  os::unique_fd write_end{ends[1]};

  const keeper_environment environment{place};
  std::array argv = {const_cast<char*>("procvisor"), const_cast<char*>("keeper"), static_cast<char*>(nullptr)};
  os::spawn_plan plan;
  plan.path = program;
  plan.argv = argv.data();
  plan.envp = environment.data();
  plan.cwd = "/";
  plan.channel_fd = write_end.get();
  plan.err_fd = std::getenv(debug_variable) != nullptr ? STDERR_FILENO : -1;
  plan.as_sibling = false;
  os::spawner creator;
  const auto made = creator.spawn(plan);
  write_end.reset();
  const auto reap = [](pid_t pid) { ::waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED | __WALL); };
  if (!made) {
    if (made.error().pid > 0)
      reap(made.error().pid);
    return fail(exit_code::other, "cannot start the keeper: " + os::describe(made.error(), plan));
  }
  auto started = decode_ready(read_to_end(read_end.get()));
  if (!started)
    reap(made->pid);
  return started;
}

} // namespace

result<os::unique_fd> connect(const os::home& place) {
  os::unique_fd connection{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!connection)
    return fail(exit_code::other, fmt::format("making a socket failed: {}", ::strerrordesc_np(errno)));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  place.socket.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
      return os::unique_fd{};
    return fail(exit_code::unreachable,
                fmt::format("connecting to '{}' failed: {}", place.socket, ::strerrordesc_np(errno)),
                errno == EACCES ? "it is another user's: set PROCVISOR_HOME to a folder of your own" : "");
  }
  const auto peer = os::peer_credentials(connection.get());
  if (!peer || (peer->uid != ::geteuid() && ::geteuid() != 0))
    return fail(exit_code::unreachable,
                fmt::format("'{}' is held by another user{}", place.socket,
                            peer ? fmt::format(" ({})", peer->uid) : std::string{}),
                "set PROCVISOR_HOME to a folder of your own");
  return connection;
}

result<os::unique_fd> connect_or_start(const os::home& place, const char* program) {
  auto running = connect(place);
  if (!running || *running)
    return running;

  if (auto prepared = os::prepare_home(place); !prepared)
    return fail(std::move(prepared.error()));
  const os::unique_fd start_lock{::open(place.start_lock.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!start_lock)
    return fail(exit_code::usage, fmt::format("opening '{}' failed: {}", place.start_lock, ::strerrordesc_np(errno)));
  while (::flock(start_lock.get(), LOCK_EX) != 0)
    if (errno != EINTR)
      return fail(exit_code::other, fmt::format("locking '{}' failed: {}", place.start_lock, ::strerrordesc_np(errno)));

  running = connect(place); // somebody else may have started it meanwhile
  if (!running || *running)
    return running;
  if (auto started = start_keeper(place, program); !started)
    return fail(std::move(started.error()));
  running = connect(place);
  if (running && !*running)
    return fail(exit_code::other, "the keeper ended right after its start",
                fmt::format("run the command again with {}=1 to see what it says", debug_variable));
  return running;
}

os::unique_fd keeper_pidfd(int connection) {
  const auto peer = os::peer_credentials(connection);
  return peer && peer->pid > 0 ? os::open_pidfd(peer->pid) : os::unique_fd{};
}

} // namespace procvisor::keeper
