#include "keeper/claim.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "os/pidfd.hpp"

namespace procvisor::keeper {

namespace {

constexpr mode_t private_file = 0600;
constexpr int wait_for_ending_keeper_ms = 500;

tl::unexpected<error> fail_on(const std::string& path, const char* doing, int number) {
  return fail(exit_code::other, fmt::format("{} '{}' failed: {}", doing, path, ::strerrordesc_np(number)));
}

pid_t pid_in(int file) {
  std::array<char, 16> text;
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  pid_t pid = 0;
  if (got > 0)
    std::from_chars(text.data(), text.data() + got, pid);
  return pid;
}

/// nullopt: the file was replaced while it was being locked.
result<std::optional<os::unique_fd>> try_lock(const std::string& path) {
  os::unique_fd file{::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, private_file)};
  if (!file)
    return fail_on(path, "opening", errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    const pid_t holder = pid_in(file.get());
    const os::unique_fd pidfd = holder > 0 ? os::open_pidfd(holder) : os::unique_fd{};
    pollfd ended{pidfd.get(), POLLIN, 0};
    if (pidfd && ::poll(&ended, 1, wait_for_ending_keeper_ms) == 0)
      return fail(exit_code::unreachable,
                  fmt::format("a keeper has this home already (pid {}), but its socket is not there", holder),
                  fmt::format("kill {}", holder));
    return std::nullopt;
  }
  struct stat locked {};
  struct stat named {};
  const bool is_same = ::fstat(file.get(), &locked) == 0 && ::stat(path.c_str(), &named) == 0
                       && locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
  if (!is_same)
    return std::nullopt;
  return file;
}

result<os::unique_fd> lock_pid_file(const std::string& path) {
  constexpr int attempts = 10; // each one that fails has seen another keeper end
  for (int i = 0; i < attempts; ++i) {
    auto locked = try_lock(path);
    if (!locked)
      return fail(std::move(locked.error()));
    if (*locked) {
      const int file = (*locked)->get();
      const std::string pid = fmt::format("{}\n", ::getpid());
      if (::fchmod(file, private_file) != 0 || ::ftruncate(file, 0) != 0
          || ::pwrite(file, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
        return fail_on(path, "writing", errno);
      return std::move(**locked);
    }
  }
  return fail(exit_code::unreachable, fmt::format("'{}' is locked by another process", path));
}

result<os::unique_fd> listen_at(const std::string& path) {
  struct stat old {};
  if (::lstat(path.c_str(), &old) == 0) {
    if (old.st_uid != ::geteuid())
      return fail(exit_code::unreachable, fmt::format("'{}' belongs to user {}", path, old.st_uid),
                  "set PROCVISOR_HOME to a folder that is yours alone");
    if (!S_ISSOCK(old.st_mode))
      return fail(exit_code::other, fmt::format("'{}' is there and is no socket", path), "remove it");
    ::unlink(path.c_str()); // left by a keeper that was killed: this one has the lock
  }
  os::unique_fd listening{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!listening)
    return fail_on(path, "making the socket", errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const mode_t before = ::umask(0777 & ~private_file); // never open to others, not even for a moment
  const int bound = ::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(before);
  if (bound != 0)
    return fail_on(path, "binding", error);
  if (::listen(listening.get(), SOMAXCONN) != 0)
    return fail_on(path, "listening on", errno);
  return listening;
}

} // namespace

result<claim> claim_home(const os::home& place) {
  const bool is_after_loss = is_left_behind(place);
  auto pid_file = lock_pid_file(place.pid_file);
  if (!pid_file)
    return fail(std::move(pid_file.error()));
  auto listening = listen_at(place.socket);
  if (!listening) {
    ::unlink(place.pid_file.c_str());
    return fail(std::move(listening.error()));
  }
  return claim{std::move(*pid_file), std::move(*listening), is_after_loss};
}

result<claim> claim_home(const os::home& place, os::unique_fd listening) {
  if (::listen(listening.get(), SOMAXCONN) != 0) // clients take whoever has called this for the keeper (SO_PEERCRED)
    return fail_on(place.socket, "listening on", errno);
  return lock_pid_file(place.pid_file).map([&](os::unique_fd pid_file) {
    return claim{std::move(pid_file), std::move(listening), true};
  });
}

bool is_left_behind(const os::home& place) {
  return ::access(place.pid_file.c_str(), F_OK) == 0 && ::access(place.socket.c_str(), F_OK) == 0;
}

void abandon_home(const os::home& place) {
  ::unlink(place.socket.c_str());
  ::unlink(place.pid_file.c_str());
}

} // namespace procvisor::keeper
