#include "command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <doctest/doctest.h>

namespace e2e {

namespace {

using steady = std::chrono::steady_clock;

struct standard_fds {
  int in;
  int out;
  int err;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

pid_t spawn(const command& what, standard_fds fds, bool has_own_session) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, fds.in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, fds.out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, fds.err, STDERR_FILENO);
  ::posix_spawn_file_actions_addchdir_np(&actions, what.cwd.c_str());
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  // Whoever runs the tests in the background or by nohup has these ignored.
  sigset_t interrupts;
  ::sigemptyset(&interrupts);
  for (const int signal : {SIGINT, SIGQUIT, SIGHUP})
    ::sigaddset(&interrupts, signal);
  ::posix_spawnattr_setsigdefault(&attributes, &interrupts);
  const int own_session = has_own_session ? POSIX_SPAWN_SETSID : 0;
  ::posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGDEF | own_session));

  words argv = what.argv;
  words env;
  for (const auto& [name, value] : what.env)
    env.push_back(name + "=" + value);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, what.argv.front().c_str(), &actions, &attributes, pointers_to(argv).data(),
                                   pointers_to(env).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  REQUIRE_MESSAGE(error == 0, what.argv.front());
  return pid;
}

int milliseconds_to(steady::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

/// glibc 2.36 declares pidfd_open() for C only.
int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// The end of a process, or its death at the deadline.
int finish(pid_t pid, int pidfd, steady::time_point deadline) {
  pollfd ended{pidfd, POLLIN, 0};
  if (::poll(&ended, 1, milliseconds_to(deadline)) == 0) {
    FAIL_CHECK("a command did not end");
    ::kill(pid, SIGKILL);
  }
  return wait_for(pid);
}

} // namespace

background_command::background_command(const command& what) {
  const int in = ::open(what.input.empty() ? "/dev/null" : what.input.c_str(), O_RDONLY | O_CLOEXEC);
  int out[2];
  int err[2];
  REQUIRE(in >= 0);
  REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(err, O_CLOEXEC) == 0);
  pid_ = spawn(what, {in, out[1], err[1]}, false);
  pidfd_ = open_pidfd(pid_);
  ::close(in);
  ::close(out[1]);
  ::close(err[1]);
  out_fd_ = out[0];
  err_fd_ = err[0];
}

background_command::~background_command() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait_for(pid_);
  }
  for (const int fd : {pidfd_, out_fd_, err_fd_})
    if (fd >= 0)
      ::close(fd);
}

bool background_command::says(const std::string& text) {
  read_until(steady::now() + patience, &text);
  return seen_.out.find(text) != std::string::npos || seen_.err.find(text) != std::string::npos;
}

command_result background_command::finish() {
  const auto deadline = steady::now() + patience;
  read_until(deadline, nullptr);
  if (out_fd_ >= 0 || err_fd_ >= 0)
    FAIL_CHECK("the output of a command was not closed");
  seen_.exit_code = e2e::finish(pid_, pidfd_, deadline);
  pid_ = -1;
  return seen_;
}

void background_command::read_until(steady::time_point deadline, const std::string* wanted) {
  const auto is_found = [&] {
    return wanted != nullptr
           && (seen_.out.find(*wanted) != std::string::npos || seen_.err.find(*wanted) != std::string::npos);
  };
  while (!is_found() && (out_fd_ >= 0 || err_fd_ >= 0)) {
    std::array<pollfd, 2> streams{{{out_fd_, POLLIN, 0}, {err_fd_, POLLIN, 0}}};
    if (::poll(streams.data(), streams.size(), milliseconds_to(deadline)) <= 0)
      return;
    if (streams[0].revents != 0)
      take(out_fd_, seen_.out);
    if (streams[1].revents != 0)
      take(err_fd_, seen_.err);
  }
}

void background_command::take(int& fd, std::string& text) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got > 0) {
    text.append(buffer.data(), static_cast<size_t>(got));
    return;
  }
  ::close(fd);
  fd = -1;
}

command_result run(const command& what) {
  return background_command{what}.finish();
}

command_result run_in_terminal(const command& what, unsigned short columns) {
  winsize size{};
  size.ws_col = columns;
  size.ws_row = 50;
  int ours = -1;
  int theirs = -1;
  REQUIRE(::openpty(&ours, &theirs, nullptr, nullptr, &size) == 0);
  ::fcntl(ours, F_SETFD, FD_CLOEXEC);
  ::fcntl(theirs, F_SETFD, FD_CLOEXEC);
  const pid_t pid = spawn(what, {theirs, theirs, theirs}, true);
  const int pidfd = open_pidfd(pid);
  ::close(theirs);

  command_result seen;
  const auto deadline = steady::now() + patience;
  std::array<char, 4096> buffer;
  pollfd readable{ours, POLLIN, 0};
  while (::poll(&readable, 1, milliseconds_to(deadline)) > 0) {
    const ssize_t got = ::read(ours, buffer.data(), buffer.size());
    if (got <= 0) // EIO: nobody has the terminal any more
      break;
    seen.out.append(buffer.data(), static_cast<size_t>(got));
  }
  seen.exit_code = finish(pid, pidfd, deadline);
  ::close(pidfd);
  ::close(ours);
  std::erase(seen.out, '\r');
  return seen;
}

} // namespace e2e
