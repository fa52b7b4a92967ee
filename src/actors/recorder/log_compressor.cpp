#include "actors/recorder/log_compressor.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <caf/send.hpp>
#include <fmt/format.h>

#include "actors/support.hpp"
#include "os/pidfd.hpp"
#include "os/rotated_files.hpp"

namespace procvisor::recorder {

namespace {

constexpr int lowest_priority = 19;
constexpr mode_t private_file = 0600;

std::string unfinished(const std::string& log) {
  return log + ".gz.part";
}

/// gzip from one descriptor to another; 0 and errno: it could not be started.
pid_t spawn_gzip(int in, int out) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::array<char*, 3> argv{const_cast<char*>("gzip"), const_cast<char*>("-c"), nullptr};
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, "gzip", &actions, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  errno = failed;
  return failed == 0 ? pid : 0;
}

} // namespace

log_compressor_state::log_compressor_state(log_compressor_actor::pointer self, recorder_actor root)
  : self_(self), root_(std::move(root)) {
}

log_compressor_state::~log_compressor_state() {
  if (pid_ <= 0)
    return;
  ::kill(pid_, SIGKILL);
  ::unlink(unfinished(log_).c_str());
}

log_compressor_actor::behavior_type log_compressor_state::make_behavior() {
  keep_quiet(self_);
  return {
      [this](const log_rotated& rotated) {
        if (std::ranges::find(waiting_, rotated.path) == waiting_.end())
          waiting_.push_back(rotated.path);
        begin_next();
      },
      [this](const fd_ready& ready) {
        if (ended_ && ready.token == ended_.token())
          on_ended();
      },
      [this](const finish&) { self_->quit(); },
  };
}

void log_compressor_state::begin_next() {
  while (pid_ == 0 && !waiting_.empty()) {
    const auto log = std::move(waiting_.front());
    waiting_.pop_front();
    if (begin(log))
      waiting_.push_back(log); // there may be more than one
  }
}

bool log_compressor_state::begin(const std::string& log) {
  const auto files = os::rotated_files(log);
  // The newest one may still be written to, by whom the news has not reached that it has been put aside.
  const auto next =
      std::ranges::find_if(files, [](const auto& file) { return file.number > 1 && !file.is_compressed; });
  if (next == files.end())
    return false;
  const auto part = unfinished(log);
  const os::unique_fd in{::open(next->path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  const os::unique_fd out{::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, private_file)};
  log_ = log;
  inode_ = next->inode;
  pid_ = in && out ? spawn_gzip(in.get(), out.get()) : 0;
  auto ended = pid_ > 0 ? os::open_pidfd(pid_) : os::unique_fd{};
  if (!ended) {
    give_up(strerror(errno));
    return false;
  }
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(pid_), lowest_priority);
  ended_ = watched_fd{event_loop::of(self_->system()), std::move(ended), caf::weak_actor_ptr{self_->ctrl()}};
  ended_.arm(EPOLLIN);
  return true;
}

void log_compressor_state::on_ended() {
  int status = -1;
  ::waitpid(std::exchange(pid_, 0), &status, 0);
  ended_ = {};
  const auto files = os::rotated_files(log_);
  const auto source =
      std::ranges::find_if(files, [this](const auto& file) { return file.inode == inode_ && !file.is_compressed; });
  const auto part = unfinished(log_);
  if (status != 0)
    give_up("gzip has failed");
  else if (source == files.end())
    ::unlink(part.c_str()); // it was the oldest one, and has been removed
  else if (::rename(part.c_str(), (source->path + ".gz").c_str()) != 0 || ::unlink(source->path.c_str()) != 0)
    give_up(strerror(errno)); // or the same file would be compressed again and again
  begin_next();
}

void log_compressor_state::give_up(const std::string& why) {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }
  ::unlink(unfinished(log_).c_str());
  std::erase(waiting_, log_);
  caf::anon_send(root_, compression_failed{fmt::format("compressing what '{}' was before failed: {}", log_, why)});
}

} // namespace procvisor::recorder
