#include "keeper/keeper_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "keeper/orphans.hpp"
#include "os/pidfd.hpp"

namespace procvisor::keeper {

namespace {

/// With more children than these, to read their list at each exit costs more than the daemon's question (0.25 us each).
constexpr size_t children_looked_at_each_exit = 128;

} // namespace

result<os::unique_fd> keeper_process::make_report_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return fail(exit_code::other, fmt::format("making a pipe failed: {}", ::strerrordesc_np(errno)));
  reports_.push_back({daemon_.restarts, os::unique_fd{ends[0]}});
  return os::unique_fd{ends[1]}; // the daemon's alone, so that the pipe ends with it and its children
}

void keeper_process::drain_reports() {
  for (size_t i = 0; i < reports_.size();) {
    const bool has_end = !read_reports(reports_[i].read_end.get());
    const bool may_be_written_about = reports_[i].daemon == daemon_.restarts && daemon_.pid != 0;
    if (!has_end || may_be_written_about) { // its last packets may hold intents that are not known yet
      ++i;
      continue;
    }
    const uint32_t daemon = reports_[i].daemon;
    reports_.erase(reports_.begin() + static_cast<std::ptrdiff_t>(i));
    settle_intents(daemon);
  }
}

bool keeper_process::read_reports(int pipe) {
  std::array<report, 128> said;
  for (;;) {
    const ssize_t got = ::read(pipe, said.data(), sizeof said);
    if (got <= 0)
      return got < 0;
    for_each<report>(std::as_bytes(std::span{said}).first(static_cast<size_t>(got)), [this](const report& one) {
      launch* slot = launches_.find(one.key);
      if (slot == nullptr)
        early_reports_.push_back(one);
      else if (slot->state == launch_state::intended)
        on_pid(*slot, one.pid);
    });
  }
}

/// What a dead daemon has intended and no child has reported was never made. It is told as over, without a pid.
void keeper_process::settle_intents(uint32_t of_daemon) {
  for (launch& slot : launches_.slots()) {
    if (slot.state != launch_state::intended || slot.daemon != of_daemon)
      continue;
    --intended_count_;
    ++over_count_;
    ++untold_count_;
    slot.state = launch_state::over;
    tell_of_settled(slot);
  }
}

void keeper_process::on_pid(launch& slot, pid_t pid) {
  --intended_count_;
  slot.pid = pid;
  slot.state = launch_state::running;
  slot.pidfd = os::open_pidfd(pid); // the number cannot be anybody else's: the zombie is ours to reap
  if (slot.pidfd)
    watch(slot.pidfd.get(), EPOLLIN, launches_.index_of(slot));
  else
    on_over(slot, unknown_exit, 0);
  tell_of_settled(slot);
}

void keeper_process::tell_of_settled(launch& slot) {
  for (companion* one : {&daemon_, &recorder_}) {
    if (slot.*one->knows != known::without_pid)
      continue;
    slot.*one->knows = known::no;
    one->next_held = std::min(one->next_held, launches_.index_of(slot));
    tell(*one);
  }
}

void keeper_process::on_ready_pidfd(launch& slot) {
  if (slot.is_foster) {
    on_ready_foster(slot);
    return;
  }
  siginfo_t status{};
  if (!slot.pidfd
      || ::waitid(P_PIDFD, static_cast<id_t>(slot.pidfd.get()), &status, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0
      || status.si_pid == 0)
    return; // an event of the slot's former launch
  if (status.si_code == CLD_EXITED)
    on_over(slot, status.si_status, 0);
  else
    on_over(slot, 0, status.si_status);
}

void keeper_process::on_ready_foster(launch& slot) {
  pollfd ended{slot.pidfd.get(), POLLIN, 0};
  if (!slot.pidfd || ::poll(&ended, 1, 0) != 1)
    return; // an event of the slot's former launch
  const auto status = os::status_of_ended(slot.pidfd.get(), slot.pid);
  if (!status)
    on_over(slot, unknown_exit, 0);
  else if (WIFSIGNALED(*status))
    on_over(slot, 0, WTERMSIG(*status));
  else
    on_over(slot, WEXITSTATUS(*status), 0);
}

void keeper_process::on_over(launch& slot, int exit_code, int signal) {
  const bool is_dismissed = slot.state == launch_state::dismissed;
  slot.pidfd.reset(); // out of epoll, for it stays readable; the zombie holds the number
  slot.exit_code = exit_code;
  slot.signal = signal;
  slot.state = launch_state::over;
  ++over_count_;
  ++untold_count_;
  if (is_dismissed)
    reap_zombie(slot);
}

void keeper_process::reap_zombie(launch& slot) {
  if (slot.pid != 0 && !slot.is_foster)
    ::waitid(P_PID, static_cast<id_t>(slot.pid), nullptr, WEXITED | WNOHANG | __WALL);
  --over_count_;
  if (!slot.exit_is_told)
    --untold_count_;
  launches_.release(slot);
}

bool keeper_process::is_known(pid_t pid) {
  return pid == daemon_.pid || pid == recorder_.pid || (update_ && pid == update_->check_pid)
         || launches_.find_pid(pid) != nullptr;
}

/// The intent of a launch is sent before its child is created: what is still unknown when all that was sent has been
/// read, and when every launch has its pid, is an orphan. (While it is not reaped its number is its own.)
void keeper_process::reap_if_orphan(pid_t pid) {
  read_daemon();
  drain_reports();
  if (intended_count_ == 0 && !is_known(pid))
    ::waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED | WNOHANG | __WALL);
}

/// waitid(P_ALL) can only look at the first zombie. So this waits until no zombie of an app is left, and until no
/// launch is without its pid, for that one would be taken for an orphan. What a look has found does not have to wait.
void keeper_process::reap_orphans() {
  for (const pid_t pid : std::exchange(ended_orphans_, {}))
    reap_if_orphan(pid);
  while (orphan_may_be_over_ && over_count_ == 0 && intended_count_ == 0) {
    siginfo_t first{};
    if (::waitid(P_ALL, 0, &first, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 || first.si_pid == 0) {
      orphan_may_be_over_ = false;
      return;
    }
    if (is_known(first.si_pid))
      return; // its pidfd brings the next event
    reap_if_orphan(first.si_pid);
  }
}

std::vector<pid_t> keeper_process::known_children() const {
  std::vector<pid_t> known{daemon_.pid, recorder_.pid};
  if (update_)
    known.push_back(update_->check_pid);
  for (const launch& slot : launches_.slots())
    if (slot.pid != 0)
      known.push_back(slot.pid);
  std::ranges::sort(known);
  return known;
}

/// Each once. What is left of a process that died together with its keeper, or before another one came, is a child of
/// whoever was the keeper's parent, as this one is.
std::vector<pid_t> keeper_process::foster_parents() const {
  std::vector<pid_t> found;
  if (follows_loss())
    found.push_back(::getppid());
  for (const launch& slot : launches_.slots())
    if (slot.is_foster && slot.state != launch_state::free
        && std::ranges::find(found, slot.foster_parent) == found.end())
      found.push_back(slot.foster_parent);
  return found;
}

/// A launch without its pid is taken for an orphan, which costs the daemon a look at it.
std::vector<pid_t> keeper_process::look_for_orphans() {
  drain_reports();
  const auto known = known_children();
  auto found = find_orphans(proc_, known);
  ended_orphans_ = std::move(found.ended);
  for (const pid_t parent : foster_parents())
    for (const pid_t pid : proc_.children(parent))
      if (pid != ::getpid() && !std::ranges::binary_search(known, pid) && is_alive(pid))
        found.living.push_back(pid);
  return std::move(found.living);
}

/// A zombie that its parent does not reap would be asked about again and again.
bool keeper_process::is_alive(pid_t pid) const {
  const auto seen = proc_.stat(pid);
  return seen && !seen->is_over();
}

bool keeper_process::may_have_left_some() {
  return launches_.taken() > children_looked_at_each_exit || follows_loss() || !look_for_orphans().empty();
}

} // namespace procvisor::keeper
