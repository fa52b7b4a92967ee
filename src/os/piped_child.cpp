#include "os/piped_child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

extern char** environ;

namespace procvisor::os {

namespace {

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

/// Above the standard streams, so that one dup2 does not overwrite the source of the next.
unique_fd above_standard(int fd) {
  const unique_fd low{fd};
  return unique_fd{::fcntl(low.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
}

tl::expected<pipe_ends, int> make_pipe() {
  int fds[2] = {-1, -1};
  if (::pipe2(fds, O_CLOEXEC) != 0)
    return tl::unexpected(errno);
  pipe_ends ends{above_standard(fds[0]), above_standard(fds[1])};
  if (!ends.read || !ends.write)
    return tl::unexpected(EMFILE);
  return ends;
}

void do_not_block(const unique_fd& fd) {
  if (fd)
    ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
}

/// What posix_spawn is told, freed on every way out.
struct spawn_orders {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  spawn_orders() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  spawn_orders(const spawn_orders&) = delete;
  spawn_orders& operator=(const spawn_orders&) = delete;
  ~spawn_orders() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
};

} // namespace

tl::expected<piped_child, int> piped_child::start(const std::vector<std::string>& argv, manner how) {
  const bool has_pipe = !how.inherits_input;
  auto in = has_pipe ? make_pipe() : tl::expected<pipe_ends, int>{};
  auto out = make_pipe();
  auto err = make_pipe();
  for (const auto* made : {&in, &out, &err})
    if (!*made)
      return tl::unexpected(made->error());
  spawn_orders orders;
  if (has_pipe)
    ::posix_spawn_file_actions_adddup2(&orders.files, in->read.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&orders.files, out->write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&orders.files, err->write.get(), STDERR_FILENO);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE); // a client ignores it, and that would be inherited
  ::posix_spawnattr_setsigdefault(&orders.attributes, &defaults);
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&orders.attributes, &none); // the caller may take signals from a descriptor
  const int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (how.has_own_group ? POSIX_SPAWN_SETPGROUP : 0);
  ::posix_spawnattr_setflags(&orders.attributes, static_cast<short>(flags));

  std::vector<char*> arguments;
  for (const auto& argument : argv)
    arguments.push_back(const_cast<char*>(argument.c_str())); // posix_spawn takes char*const[] and changes nothing
  arguments.push_back(nullptr);
  piped_child child;
  if (const int failure = ::posix_spawn(&child.pid_, argv.front().c_str(), &orders.files, &orders.attributes,
                                        arguments.data(), environ);
      failure != 0)
    return tl::unexpected(failure);
  child.in = std::move(in->write);
  child.out = std::move(out->read);
  child.err = std::move(err->read);
  for (const auto* fd : {&child.in, &child.out, &child.err})
    do_not_block(*fd);
  return child;
}

piped_child::piped_child(piped_child&& other) noexcept
  : in(std::move(other.in)), out(std::move(other.out)), err(std::move(other.err)), pid_(std::exchange(other.pid_, 0)) {
}

piped_child::~piped_child() {
  if (pid_ == 0)
    return;
  kill();
  wait();
}

void piped_child::kill() const {
  if (pid_ != 0)
    ::kill(pid_, SIGKILL);
}

int piped_child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return status;
}

} // namespace procvisor::os
