#include "keeper/keeper_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "keeper/keeper.hpp"
#include "os/pidfd.hpp"

namespace procvisor::keeper {

namespace {

using namespace std::chrono_literals;

constexpr auto check_may_take = 5s;    ///< the dry run, on a loaded machine
constexpr auto farewell_may_take = 5s; ///< what the recorder still writes
/// From execve until the daemon has adopted everything: of one that hangs. The death of one is seen at once.
constexpr auto takeover_may_take = 10s;
constexpr auto losses_are_counted_for = 10s;

origin origin_of(inherited_from from) {
  switch (from) {
    case inherited_from::daemon:
      return origin::handed_over;
    case inherited_from::older_keeper:
      return origin::updated;
    case inherited_from::newer_keeper:
      return origin::returned;
  }
  return origin::handed_over;
}

/// A descriptor that has come across execve.
os::unique_fd take(int fd) {
  if (fd >= 0)
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return os::unique_fd{fd};
}

int64_t nanoseconds_of(clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

std::string read_to_end(int pipe) {
  std::string text(4096, '\0');
  const ssize_t got = ::read(pipe, text.data(), text.size());
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return text;
}

} // namespace

// -- after another one ------------------------------------------------------------------------------------------------

result<void> keeper_process::start_from(const inheritance& what) {
  const inheritance_head& head = what.head;
  origin_ = origin_of(head.from);
  child_open_files_ = {head.open_files, head.open_files_hard};
  daemon_.restarts = head.daemon_restarts;
  recorder_.restarts = head.recorder_restarts;
  state_ = take(head.state);
  older_program_ = take(head.program);
  losses_ = head.losses;
  losses_since_ = head.losses_since;
  if (head.from == inherited_from::daemon) {
    const int64_t now = nanoseconds_of(clock::now());
    if (now - losses_since_ > std::chrono::nanoseconds{losses_are_counted_for}.count()) {
      losses_ = 0;
      losses_since_ = now;
    }
    ++losses_;
  }
  if (head.pid_file >= 0) {
    claim_ = claim{take(head.pid_file), take(head.listening), true};
  } else {
    auto claimed = claim_home(place_, take(head.listening));
    if (!claimed)
      return fail(std::move(claimed.error()));
    claim_ = std::move(*claimed);
  }
  if (auto prepared = prepare_descriptors(); !prepared)
    return prepared;
  for (const inherited_launch& one : what.launches)
    take_launch(one);
  for (const inherited_socket& one : what.sockets)
    sockets_.push_back({one.name, take(one.fd)});
  orphan_may_be_over_ = true; // nobody has looked while there was no keeper
  if (head.from == inherited_from::older_keeper)
    trial_ends_ = clock::now() + takeover_may_take;
  auto started = start_companions();
  if (!started && trial_ends_)
    return_to_older(); // returns where that fails as well
  return started;
}

void keeper_process::take_launch(const inherited_launch& one) {
  launch* slot = launches_.take(one.key);
  if (slot == nullptr)
    return; // with a lower limit of open files than the one before it: the state tells the daemon of it
  slot->to_daemon = slot->to_recorder = known::no;
  slot->pid = one.pid;
  slot->is_foster = one.is_foster != 0;
  slot->foster_parent = one.foster_parent;
  slot->start_ticks = one.start_ticks;
  slot->exit_code = one.exit_code;
  slot->signal = one.signal;
  slot->pidfd = take(one.pidfd);
  slot->out = take(one.out);
  slot->err = take(one.err);
  slot->channel = take(one.channel);
  slot->state = one.is_over != 0 ? launch_state::over : launch_state::running;
  if (one.is_over != 0) {
    ++over_count_;
    ++untold_count_;
  } else {
    watch(slot->pidfd.get(), EPOLLIN, launches_.index_of(*slot));
  }
}

inheritance keeper_process::what_is_left(inherited_from from) const {
  inheritance what;
  what.head.from = from;
  what.head.listening = claim_.listening.get();
  what.head.pid_file = claim_.pid_file.get();
  what.head.state = state_.get();
  what.head.daemon_restarts = daemon_.restarts;
  what.head.recorder_restarts = recorder_.restarts;
  what.head.losses = losses_;
  what.head.losses_since = losses_since_;
  what.head.open_files = child_open_files_.rlim_cur;
  what.head.open_files_hard = child_open_files_.rlim_max;
  for (const launch& slot : launches_.slots())
    if (slot.state == launch_state::running || slot.state == launch_state::over)
      what.launches.push_back({.key = slot.key,
                               .pid = slot.pid,
                               .is_over = slot.state == launch_state::over ? 1U : 0U,
                               .exit_code = slot.exit_code,
                               .signal = slot.signal,
                               .is_foster = slot.is_foster ? 1U : 0U,
                               .foster_parent = slot.foster_parent,
                               .start_ticks = slot.start_ticks,
                               .pidfd = slot.pidfd.get(),
                               .out = slot.out.get(),
                               .err = slot.err.get(),
                               .channel = slot.channel.get()});
  for (const kept_socket& one : sockets_)
    what.sockets.push_back({one.name, one.fd.get()});
  return what;
}

void keeper_process::on_adopt(const adopt& packet, std::span<os::unique_fd> fds) {
  launch* slot = fds.size() == 3 && launches_.find(packet.key) == nullptr ? launches_.take(packet.key) : nullptr;
  if (slot == nullptr)
    return; // the daemon counts the slots
  slot->pid = packet.pid;
  slot->is_foster = true;
  slot->foster_parent = packet.parent;
  slot->start_ticks = packet.start_ticks;
  slot->pidfd = std::move(fds[0]);
  slot->out = std::move(fds[1]);
  slot->err = std::move(fds[2]);
  slot->state = launch_state::running;
  watch(slot->pidfd.get(), EPOLLIN, launches_.index_of(*slot));
}

// -- making room for another one --------------------------------------------------------------------------------------

void keeper_process::begin_update(os::packet& packet) {
  if (packet.fds.size() != 1 || ending_)
    return;
  if (update_ || trial_ends_) {
    refuse_update("another update is under way");
    return;
  }
  update_.emplace();
  update_->program = std::move(packet.fds.front());
  update_->deadline = clock::now() + check_may_take;
  if (const auto begun = check_program(); !begun)
    refuse_update(begun.error().what);
}

/// Starts the dry run: the other program reads what it would take over, and says whether it can.
result<void> keeper_process::check_program() {
  const auto failed = [](const char* what) {
    return fail(exit_code::other, fmt::format("{} failed: {}", what, ::strerrordesc_np(errno)));
  };
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return failed("making a pipe");
  update_->said.reset(ends[0]);
  const os::unique_fd write_end{ends[1]};
  const os::unique_fd file = write_inheritance(what_is_left(inherited_from::older_keeper));
  if (!file)
    return failed("getting memory");
  const std::string path = fmt::format("/proc/{}/fd/{}", ::getpid(), update_->program.get());
  std::array argv = {const_cast<char*>("procvisor"), const_cast<char*>("takes-over"), static_cast<char*>(nullptr)};
  os::spawn_plan plan;
  plan.path = path.c_str();
  plan.argv = argv.data();
  plan.envp = environ;
  plan.cwd = "/";
  plan.in_fd = state_.get();
  plan.err_fd = write_end.get();
  plan.channel_fd = file.get();
  plan.open_files = child_open_files_;
  plan.as_sibling = false;
  auto made = spawner_.spawn(plan);
  if (!made) {
    if (made.error().pid > 0)
      ::waitid(P_PID, static_cast<id_t>(made.error().pid), nullptr, WEXITED | __WALL);
    return fail(exit_code::other, os::describe(made.error(), plan));
  }
  update_->check = std::move(made->pidfd);
  update_->check_pid = made->pid;
  watch(update_->check.get(), EPOLLIN, update_check);
  return {};
}

void keeper_process::on_checked() {
  siginfo_t end{};
  if (!update_ || !update_->check
      || ::waitid(P_PIDFD, static_cast<id_t>(update_->check.get()), &end, WEXITED | WNOHANG | __WALL) != 0
      || end.si_pid == 0)
    return;
  update_->check.reset();
  update_->check_pid = 0;
  if (end.si_code != CLD_EXITED || end.si_status != 0) {
    const std::string why = read_to_end(update_->said.get());
    refuse_update(why.empty() ? fmt::format("it does not answer whether it can take over (its dry run ended with {})",
                                            end.si_status)
                              : why);
    return;
  }
  update_->deadline = clock::now() + farewell_may_take;
  recorder_.socket.reset(); // its order to write what is left and to exit
}

void keeper_process::refuse_update(std::string why) {
  if (update_ && update_->check) {
    os::send_signal(update_->check, SIGKILL);
    ::waitid(P_PIDFD, static_cast<id_t>(update_->check.get()), nullptr, WEXITED | __WALL);
  }
  update_.reset();
  leave_is_due_ = false;
  refused_update_ = std::move(why);
  tell(daemon_);
}

/// First the recorder ends, in order; then the daemon, when the connections that it has accepted are with workers; then
/// all of its children are known.
void keeper_process::go_on_with_update() {
  if (recorder_.pid != 0)
    return;
  if (daemon_.pid != 0) {
    if (!std::exchange(update_->daemon_is_asked, true)) {
      leave_is_due_ = true;
      update_->deadline = clock::now() + farewell_may_take;
    }
    return;
  }
  drain_reports();
  const bool has_unsettled = std::ranges::any_of(launches_.slots(), [](const launch& slot) {
    return slot.state == launch_state::intended || slot.state == launch_state::dismissed;
  });
  if (!has_unsettled)
    give_way();
}

void keeper_process::give_way() {
  auto what = what_is_left(inherited_from::older_keeper);
  ++what.head.daemon_restarts;
  ++what.head.recorder_restarts;
  const os::unique_fd own{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  what.head.program = own.get();
  execute(update_->program.get(), std::move(what));
  const int failed = errno;
  update_.reset();
  restart(daemon_);
  restart(recorder_);
  refuse_update(fmt::format("executing it failed: {}", ::strerrordesc_np(failed)));
}

void keeper_process::execute(int program, inheritance what) {
  // A signal that was taken and not passed on yet waits for the next keeper.
  if (terminate_is_due_)
    ::kill(::getpid(), SIGTERM);
  if (reopen_is_due_)
    ::kill(::getpid(), SIGUSR2);
  exec_keeper(program, std::move(what));
}

void keeper_process::end_trial() {
  trial_ends_.reset();
  older_program_.reset();
}

void keeper_process::return_to_older() {
  end_companions_at_once();
  execute(older_program_.get(), what_is_left(inherited_from::newer_keeper));
  given_up_ = fmt::format("its daemon does not take over, and executing the older program failed: {}",
                          ::strerrordesc_np(errno));
}

void keeper_process::on_deadline() {
  if (const auto due = deadline(); !due || clock::now() < *due)
    return;
  if (trial_ends_) {
    return_to_older();
    return;
  }
  if (update_->check) {
    refuse_update("it does not answer whether it can take over");
    return;
  }
  // The disk of the recorder hangs, or a launch is on its way on a filesystem that does not answer.
  if (daemon_.pid != 0 && recorder_.pid == 0) {
    os::send_signal(daemon_.pidfd, SIGKILL); // which loses no more than a connection
    update_->deadline = clock::now() + farewell_may_take;
    return;
  }
  const bool has_recorder = recorder_.pid != 0;
  update_.reset();
  if (has_recorder) {
    os::send_signal(recorder_.pidfd, SIGKILL); // its end starts another one
    refuse_update("the recorder has not ended in time: it may wait for a disk");
    return;
  }
  restart(recorder_);
  if (daemon_.pid == 0)
    restart(daemon_);
  refuse_update("a launch that is under way has not ended in time");
}

} // namespace procvisor::keeper
