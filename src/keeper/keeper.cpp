#include "keeper/keeper.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include <fmt/format.h>

#include "keeper/keeper_process.hpp"
#include "keeper/ready.hpp"
#include "os/limits.hpp"
#include "os/pidfd.hpp"
#include "os/signals.hpp"

namespace procvisor::keeper {

namespace {

constexpr uint32_t fds_per_launch = 4; ///< as many as in launch_table's launch
constexpr uint32_t fds_beside_launches = 64;

} // namespace

keeper_process::keeper_process(const os::home& place, const char* program)
  : place_(place), program_(program), child_open_files_(os::raise_open_files()), launches_(affordable_launches()) {
}

uint32_t keeper_process::affordable_launches() {
  const rlim_t limit = os::open_files_limit();
  if (limit <= fds_beside_launches)
    return 0;
  return static_cast<uint32_t>(
      std::min<rlim_t>((limit - fds_beside_launches) / fds_per_launch, launch_table::max_capacity));
}

void keeper_process::watch(int fd, uint32_t events, uint64_t who) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = who;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void keeper_process::on_event(uint64_t who) {
  if (who < launch_table::max_capacity) {
    on_ready_pidfd(launches_.slots()[who]);
    return;
  }
  switch (static_cast<source>(who)) {
    case daemon_socket:
      tell(daemon_);
      read_daemon();
      break;
    case recorder_socket:
      tell(recorder_);
      // It has nothing to say: this is its end, or room.
      if (const auto packet = os::receive_packet(recorder_.socket.get()); packet && packet->bytes.empty())
        on_closed_socket(recorder_);
      break;
    case daemon_pidfd:
      on_end_of(daemon_);
      break;
    case recorder_pidfd:
      on_end_of(recorder_);
      break;
    case report_source:
      drain_reports();
      break;
    case signals:
      on_signals();
      break;
    case update_check:
      on_checked();
      break;
  }
}

void keeper_process::on_signals() {
  while (const auto signal = os::next_signal(signals_.get())) {
    if (*signal == SIGCHLD)
      orphan_may_be_over_ = true;
    else if (*signal == SIGUSR2)
      reopen_is_due_ = true;
    else if (ending_) // SIGTERM again: no more patience
      ending_ = clock::now();
    else
      terminate_is_due_ = true;
  }
}

std::optional<clock::time_point> keeper_process::deadline() const {
  if (ending_)
    return ending_;
  if (update_)
    return update_->deadline;
  return trial_ends_;
}

int keeper_process::milliseconds_to_deadline() const {
  const auto due = deadline();
  if (!due)
    return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - clock::now());
  return static_cast<int>(std::max(left, std::chrono::milliseconds{0}).count());
}

int keeper_process::run() {
  std::array<epoll_event, 256> ready;
  while (!is_finished() && !given_up_) {
    const int count =
        ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), milliseconds_to_deadline());
    if (count == 0 && ending_ && clock::now() >= *ending_)
      break;
    if (!ending_)
      on_deadline();
    for (const epoll_event& event : std::span{ready}.first(static_cast<size_t>(std::max(count, 0))))
      on_event(event.data.u64);
    reap_orphans();
    if (update_ && !update_->check && !ending_)
      go_on_with_update();
    tell(daemon_);
    if (reopen_is_due_)
      tell(recorder_);
  }
  for (const companion* one : {&daemon_, &recorder_})
    if (one->pidfd && !(given_up_ && one == &recorder_)) // the recorder writes what is left, and exits
      os::send_signal(one->pidfd, SIGKILL);
  if (!given_up_) {
    abandon_home(place_);
    return 0;
  }
  fmt::print(stderr, "procvisor keeper: {}; the apps run on without it\n", *given_up_);
  return 1;
}

namespace {

/// nullopt: it is the pipe of somebody who has started this keeper.
std::optional<result<inheritance>> inheritance_at(int file) {
  struct stat what {};
  if (::fstat(file, &what) != 0 || !S_ISREG(what.st_mode))
    return std::nullopt;
  return read_inheritance(file);
}

} // namespace

int run_keeper(const os::home& place, int ready, const char* program) {
  os::unique_fd told_on{ready};
  keeper_process self{place, program};
  const auto inherited = inheritance_at(told_on.get());
  if (inherited && !*inherited)
    return static_cast<int>(inherited->error().code);
  const auto started = inherited ? self.start_from(**inherited) : self.start();
  const std::string text = inherited ? std::string{} : encode_ready(started);
  // Whoever started this keeper may be gone: the keeper stays all the same.
  [[maybe_unused]] const ssize_t written = ::write(told_on.get(), text.data(), text.size());
  told_on.reset();
  return started ? self.run() : static_cast<int>(started.error().code);
}

} // namespace procvisor::keeper
