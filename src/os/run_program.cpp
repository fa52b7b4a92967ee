#include "os/run_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "os/unique_fd.hpp"

extern char** environ;

namespace procvisor::os {

namespace {

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

/// Above the fds that the child is given, so that one dup2 does not overwrite the source of the next.
tl::expected<pipe_ends, int> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0)
    return tl::unexpected(errno);
  pipe_ends low{unique_fd{fds[0]}, unique_fd{fds[1]}};
  pipe_ends ends{std::move(low.read), unique_fd{::fcntl(low.write.get(), F_DUPFD_CLOEXEC, program_result_fd + 1)}};
  if (!ends.write)
    return tl::unexpected(errno);
  return ends;
}

/// Frees what posix_spawn was told, on every way out.
struct spawn_plan {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  spawn_plan() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  spawn_plan(const spawn_plan&) = delete;
  spawn_plan& operator=(const spawn_plan&) = delete;
  ~spawn_plan() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
};

struct stream {
  unique_fd fd;
  std::string& text;
};

/// Reads until both streams have ended or have reached the limit.
void drain(std::array<stream, 2> streams, size_t limit) {
  std::array<char, 16 * 1024> block{};
  while (streams[0].fd || streams[1].fd) {
    std::array<pollfd, 2> ready{pollfd{streams[0].fd.get(), POLLIN, 0}, pollfd{streams[1].fd.get(), POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR)
      return;
    for (size_t i = 0; i < ready.size(); ++i) {
      if (ready[i].revents == 0)
        continue;
      const auto count = ::read(streams[i].fd.get(), block.data(), block.size());
      if (count < 0 && errno == EINTR)
        continue;
      if (count > 0)
        streams[i].text.append(block.data(), static_cast<size_t>(count));
      if (count <= 0 || streams[i].text.size() > limit)
        streams[i].fd.reset();
    }
  }
}

} // namespace

tl::expected<program_result, int> run_program(const std::vector<std::string>& argv, size_t limit) {
  auto out = make_pipe();
  auto err = make_pipe();
  if (!out || !err)
    return tl::unexpected(out ? err.error() : out.error());
  spawn_plan plan;
  ::posix_spawn_file_actions_addopen(&plan.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&plan.files, err->write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&plan.files, err->write.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&plan.files, out->write.get(), program_result_fd);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE); // a client ignores it, and that would be inherited
  ::posix_spawnattr_setsigdefault(&plan.attributes, &defaults);
  ::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSIGDEF);

  std::vector<char*> arguments;
  for (const auto& argument : argv)
    arguments.push_back(const_cast<char*>(argument.c_str())); // posix_spawn takes char*const[] and changes nothing
  arguments.push_back(nullptr);
  pid_t pid = 0;
  if (const int failure =
          ::posix_spawn(&pid, argv.front().c_str(), &plan.files, &plan.attributes, arguments.data(), environ);
      failure != 0)
    return tl::unexpected(failure);
  out->write.reset();
  err->write.reset();

  program_result ended;
  drain({stream{std::move(out->read), ended.result}, stream{std::move(err->read), ended.talk}}, limit);
  while (::waitpid(pid, &ended.wait_status, 0) < 0 && errno == EINTR) {
  }
  return ended;
}

} // namespace procvisor::os
