#include "cli/foreground.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <fmt/format.h>

#include "cli/cli.hpp"
#include "cli/daemon.hpp"
#include "cli/kill.hpp"
#include "keeper/connect.hpp"
#include "os/pidfd.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::cli {

namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&set, signal);
  return set;
}

/// `procvisor logs` in a process of its own, so that this one hears of signals and of the daemon's end.
class log_follower {
public:
  log_follower() {
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0)
      follow(parent);
    if (pid_ > 0)
      pidfd_ = os::open_pidfd(pid_);
  }
  log_follower(const log_follower&) = delete;
  log_follower& operator=(const log_follower&) = delete;
  ~log_follower() {
    if (pid_ <= 0)
      return;
    ::kill(pid_, SIGTERM);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  /// Until the stream has ended, for at most so long: the last lines are those about the end.
  void finish(int milliseconds) const {
    pollfd ended{pidfd_.get(), POLLIN, 0};
    if (pidfd_)
      (void)::poll(&ended, 1, milliseconds);
  }

private:
  [[noreturn]] static void follow(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
      ::_exit(0);
    ::signal(SIGINT, SIG_IGN); // the terminal sends it to both; this one shows what follows from it
    ::signal(SIGHUP, SIG_IGN);
    const sigset_t set = ending_signals();
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    if (const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC); null >= 0)
      ::dup2(null, STDERR_FILENO); // that the stream has ended is no error here
    std::array<std::string, 4> words{"procvisor", "logs", "--lines", "0"};
    std::array<char*, 4> argv{};
    for (size_t i = 0; i < words.size(); ++i)
      argv[i] = words[i].data();
    ::_exit(run_client(static_cast<int>(argv.size()), argv.data()));
  }

  pid_t pid_ = -1;
  os::unique_fd pidfd_;
};

constexpr int last_lines_ms = 2000;

} // namespace

result<exit_code> stay_in_foreground(const console& out, rpc::client& daemon, daemon_owner owner) {
  const os::unique_fd keeper = keeper::keeper_pidfd(daemon.socket());
  const sigset_t set = ending_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  const os::unique_fd signals{::signalfd(-1, &set, SFD_CLOEXEC)};
  if (!keeper || !signals)
    return fail(exit_code::other, fmt::format("waiting for the daemon's end failed: {}", std::strerror(errno)));
  const log_follower follower;
  out.talk(owner == daemon_owner::this_command ? "following the logs; the daemon and its apps end with this command"
                                               : "following the logs; the apps run on when this command ends");
  std::array<pollfd, 2> ready{pollfd{signals.get(), POLLIN, 0}, pollfd{keeper.get(), POLLIN, 0}};
  while (::poll(ready.data(), ready.size(), -1) < 0)
    if (errno != EINTR)
      return fail(exit_code::other, fmt::format("waiting for the daemon's end failed: {}", std::strerror(errno)));
  if (ready[1].revents != 0) {
    follower.finish(last_lines_ms);
    out.talk("the daemon has ended");
    return exit_code::done;
  }
  if (owner == daemon_owner::somebody)
    return exit_code::done;
  return end_daemon(daemon).map([&](int stopped) {
    follower.finish(last_lines_ms);
    out.talk(fmt::format("stopped {} processes and the daemon", stopped));
    return exit_code::done;
  });
}

bool has_begun(const result<exit_code>& code) {
  return code && (*code == exit_code::done || *code == exit_code::partly);
}

result<exit_code> follow_logs_after(result<exit_code> code, const console& out, rpc::client& daemon) {
  if (!has_begun(code))
    return code;
  return stay_in_foreground(out, daemon, daemon_owner::somebody).map([&](exit_code) { return *code; });
}

result<exit_code> run_in_foreground(const console& out) {
  auto running = find_daemon();
  if (!running)
    return fail(std::move(running.error()));
  if (*running)
    return fail(exit_code::other, "a daemon runs already for this home",
                "procvisor logs follows it, procvisor kill ends it");
  return start_daemon().and_then(
      [&](rpc::client daemon) { return stay_in_foreground(out, daemon, daemon_owner::this_command); });
}

} // namespace procvisor::cli
