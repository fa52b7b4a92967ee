#include "keeper/keeper_process.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "core/version.hpp"
#include "keeper/keeper.hpp"
#include "os/pidfd.hpp"
#include "os/signals.hpp"

namespace procvisor::keeper {

namespace {

constexpr auto death_period = std::chrono::seconds{10};
constexpr auto recorder_start_takes = std::chrono::seconds{1};
constexpr size_t deaths_too_many = 3;        ///< in one period, of those that could not even take over
constexpr size_t replacements_too_many = 30; ///< in one period, of those that could

} // namespace

result<void> keeper_process::prepare_descriptors() {
  const auto failed = [](const char* what) {
    return fail(exit_code::other, fmt::format("{} failed: {}", what, ::strerrordesc_np(errno)));
  };
  if (!launches_.is_mapped())
    return failed("getting memory");
  os::ignore_signals({SIGINT, SIGHUP, SIGPIPE});
  signals_ = os::take_signals({SIGCHLD, SIGTERM, SIGUSR2});
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!signals_ || !epoll_)
    return failed("making descriptors");
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
    return failed("becoming a subreaper");
  watch(signals_.get(), EPOLLIN, signals);
  return {};
}

result<void> keeper_process::start() {
  auto claimed = claim_home(place_);
  if (!claimed)
    return fail(std::move(claimed.error()));
  claim_ = std::move(*claimed);
  origin_ = claim_.is_after_loss ? origin::lost : origin::new_home;
  auto started = prepare_descriptors();
  if (started)
    started = start_companions();
  if (!started && !claim_.is_after_loss)
    abandon_home(place_);
  return started;
}

result<void> keeper_process::start_companions() {
  ::setenv(os::home_variable, place_.path.c_str(), 1);
  auto between = os::make_packet_pair();
  auto started = between ? start(daemon_, std::move(between->first))
                         : fail(exit_code::other, fmt::format("making a socket failed: {}", ::strerrordesc_np(errno)));
  if (started)
    started = start(recorder_, std::move(between->second));
  if (!started)
    end_companions_at_once(); // or the daemon would take this keeper for one that was lost
  return started;
}

void keeper_process::end_companions_at_once() {
  for (companion* one : {&daemon_, &recorder_}) {
    if (!one->pidfd)
      continue;
    os::send_signal(one->pidfd, SIGKILL);
    ::waitid(P_PIDFD, static_cast<id_t>(one->pidfd.get()), nullptr, WEXITED | __WALL);
    one->pid = 0;
    one->pidfd.reset();
    one->socket.reset();
  }
}

result<void> keeper_process::start(companion& one, os::unique_fd socket_to_other) {
  auto pair = os::make_packet_pair();
  if (!pair)
    return fail(exit_code::other, fmt::format("making a socket failed: {}", ::strerrordesc_np(errno)));
  one.socket = std::move(pair->first);
  one.next_held = 0;
  one.next_socket = 0;
  one.held_all_is_sent = false;
  one.unsent_peer.reset();
  one.has_taken_over = false;
  one.started_at = clock::now();
  one.watched = EPOLLIN;
  watch(one.socket.get(), one.watched, one.socket_source);

  hello first;
  first.capacity = launches_.capacity();
  first.keeper_pid = ::getpid();
  first.restarts = one.restarts;
  first.from = origin_;
  first.losses = losses_;
  first.losses_since = losses_since_;
  version().copy(first.program_version.data(), first.program_version.size() - 1);
  std::vector<int> fds{socket_to_other.get()};
  os::unique_fd report_end;
  if (&one == &daemon_) {
    if (auto made = make_report_pipe())
      report_end = std::move(*made);
    else
      return fail(std::move(made.error()));
    fds = {claim_.listening.get(), report_end.get(), socket_to_other.get()};
    if (state_)
      fds.push_back(state_.get());
  }
  if (const int error = os::send_packet(one.socket.get(), bytes_of(first), fds))
    return fail(exit_code::other, fmt::format("greeting the {} failed: {}", one.role, ::strerrordesc_np(error)));
  tell(one);

  std::array argv = {const_cast<char*>("procvisor"), const_cast<char*>(one.role), static_cast<char*>(nullptr)};
  os::spawn_plan plan;
  plan.path = program_;
  plan.argv = argv.data();
  plan.envp = environ;
  plan.cwd = "/";
  plan.channel_fd = pair->second.get();
  plan.err_fd = std::getenv(debug_variable) != nullptr ? STDERR_FILENO : -1;
  plan.open_files = child_open_files_;
  plan.as_sibling = false;
  auto made = spawner_.spawn(plan);
  if (!made) {
    if (made.error().pid > 0)
      ::waitid(P_PID, static_cast<id_t>(made.error().pid), nullptr, WEXITED | __WALL);
    return fail(exit_code::other, fmt::format("cannot start the {}: {}", one.role, os::describe(made.error(), plan)));
  }
  one.pid = made->pid;
  one.pidfd = std::move(made->pidfd);
  watch(one.pidfd.get(), EPOLLIN, one.pidfd_source);
  return {};
}

bool keeper_process::is_dying_too_often(companion& one) {
  const auto now = clock::now();
  if (&one == &recorder_) // it says nothing to the keeper
    one.has_taken_over = now - one.started_at >= recorder_start_takes;
  auto& deaths = one.has_taken_over ? one.deaths : one.early_deaths;
  std::erase_if(deaths, [now](clock::time_point at) { return now - at >= death_period; });
  deaths.push_back(now);
  return deaths.size() >= (one.has_taken_over ? replacements_too_many : deaths_too_many);
}

void keeper_process::on_end_of(companion& one) {
  if (&one == &daemon_) // what it said before it died holds
    do {
      rejected_.clear();
      read_daemon();
    } while (!rejected_.empty());
  ::waitid(P_PIDFD, static_cast<id_t>(one.pidfd.get()), nullptr, WEXITED | __WALL);
  one.pid = 0;
  one.pidfd.reset();
  one.socket.reset();
  if (&one == &daemon_)
    early_reports_.clear();
  if (ending_)
    return;
  if (update_ && !update_->check) {
    if (&one == &daemon_)
      watch(reports_.back().read_end.get(), EPOLLIN, report_source); // its last children are still to be heard of
    return;
  }
  if (trial_ends_ && &one == &daemon_) {
    return_to_older();
    return;
  }
  if (is_dying_too_often(one))
    given_up_ = fmt::format("the {} ended {} times in {} s", one.role,
                            one.has_taken_over ? replacements_too_many : deaths_too_many, death_period.count());
  else
    restart(one);
}

void keeper_process::restart(companion& one) {
  auto between = os::make_packet_pair();
  if (!between) {
    given_up_ = fmt::format("making a socket failed: {}", ::strerrordesc_np(errno));
    return;
  }
  ++one.restarts;
  for (launch& slot : launches_.slots()) {
    if (slot.state == launch_state::free)
      continue;
    slot.*one.knows = known::no;
    if (&one == &daemon_)
      slot.exit_is_told = false;
  }
  if (&one == &daemon_) {
    untold_count_ = over_count_;
    look_is_due_ = false;
    // Until now each report was read when the daemon said `launched`, which saved a wake-up. A child of a dead daemon's
    // is heard of in no other way.
    watch(reports_.back().read_end.get(), EPOLLIN, report_source);
    drain_reports();
  }
  if (const auto started = start(one, std::move(between->first)); !started) {
    given_up_ = started.error().what;
    return;
  }
  companion& partner = other(one);
  partner.unsent_peer = std::move(between->second);
  tell(partner);
}

void keeper_process::on_closed_socket(companion& one) {
  one.socket.reset(); // leaves epoll: nobody else has a copy
  if (!ending_ && one.pidfd)
    os::send_signal(one.pidfd, SIGKILL); // it can no longer be spoken to; its end comes next
}

} // namespace procvisor::keeper
