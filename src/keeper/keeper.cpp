#include "keeper/keeper.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "keeper/claim.hpp"
#include "keeper/launch_table.hpp"
#include "keeper/orphans.hpp"
#include "keeper/ready.hpp"
#include "keeper/wire.hpp"
#include "os/limits.hpp"
#include "os/packet_socket.hpp"
#include "os/pidfd.hpp"
#include "os/procfs.hpp"
#include "os/signals.hpp"
#include "os/spawn.hpp"

namespace procvisor::keeper {

namespace {

using clock = std::chrono::steady_clock;

constexpr auto ending_may_take = std::chrono::seconds{10}; ///< then the recorder's disk hangs, and it is killed
constexpr auto death_period = std::chrono::seconds{10};
constexpr auto recorder_start_takes = std::chrono::seconds{1};
constexpr size_t deaths_too_many = 3;        ///< in one period, of those that could not even take over
constexpr size_t replacements_too_many = 30; ///< in one period, of those that could
constexpr uint32_t fds_per_launch = 4;       ///< as many as in launch_table's launch
constexpr size_t most_sockets = 256;         ///< of clusters; one that is not held ends with its daemon
constexpr uint32_t fds_beside_launches = 64;
/// With more children than these, to read their list at each exit costs more than the daemon's question (0.25 us each).
constexpr size_t children_looked_at_each_exit = 128;

/// Who an epoll event is for: a slot's number, or one of these.
enum source : uint64_t {
  daemon_socket = launch_table::max_capacity,
  recorder_socket,
  daemon_pidfd,
  recorder_pidfd,
  report_source,
  signals,
};

/// The daemon or the recorder.
struct companion {
  const char* role;
  source socket_source;
  source pidfd_source;
  known launch::*knows; ///< whether it knows of a launch

  os::unique_fd socket{};
  uint32_t watched = 0;  ///< epoll's events of the socket
  os::unique_fd pidfd{}; ///< empty: it does not run
  pid_t pid = 0;
  uint32_t restarts = 0;
  clock::time_point started_at{};
  bool has_taken_over = false; ///< the daemon that runs has deposited its state: it has adopted what was there
  std::vector<clock::time_point> early_deaths{}; ///< of the last period, before they had taken over
  std::vector<clock::time_point> deaths{};       ///< of the last period, the others

  uint32_t next_held = 0; ///< it knows of the launches in the slots before this one
  size_t next_socket = 0; ///< the daemon knows of the sockets before this one
  bool held_all_is_sent = false;
  os::unique_fd unsent_peer{}; ///< a new socket to the other companion
};

/// A listening socket of the daemon's.
struct kept_socket {
  std::string name;
  os::unique_fd fd;
};

/// Children of one daemon write their pids into it. Its end, once the daemon is dead: no child of it is to come.
struct report_pipe {
  uint32_t daemon = 0; ///< counted from 0
  os::unique_fd read_end;
};

template <class T>
std::span<const std::byte> bytes_of(const T& packet) {
  return std::as_bytes(std::span{&packet, 1});
}

/// The `T`s that stand one behind the other in `bytes`, handed to `use` one by one.
template <class T, class F>
void for_each(std::span<const std::byte> bytes, F use) {
  for (; bytes.size() >= sizeof(T); bytes = bytes.subspan(sizeof(T))) {
    T one;
    std::memcpy(&one, bytes.data(), sizeof one);
    use(one);
  }
}

class keeper {
public:
  keeper(const os::home& place, const char* program)
    : place_(place), program_(program), child_open_files_(os::raise_open_files()), launches_(affordable_launches()) {}

  /// Returns when the home is claimed and the daemon has been started.
  result<void> start();

  /// Until `kill`: 0. Otherwise why it cannot go on, with the apps still running: 1.
  int run();

private:
  // -- the home, daemon and recorder
  result<void> prepare_descriptors();
  result<void> start(companion& one, os::unique_fd socket_to_other);
  void restart(companion& one);
  void on_end_of(companion& one);
  void on_closed_socket(companion& one);
  bool is_dying_too_often(companion& one);
  companion& other(const companion& one) { return &one == &daemon_ ? recorder_ : daemon_; }

  // -- what the daemon says
  void read_daemon();
  void on_packet(os::packet& packet);
  void on_intend(const launch_key& key, std::span<os::unique_fd> fds);
  void on_launched(const launched& packet);
  void on_reap(const launch_key& key);
  void on_socket(os::packet& packet);
  void begin_end();

  // -- children
  result<os::unique_fd> make_report_pipe(); ///< the write end
  void drain_reports();
  bool read_reports(int pipe); ///< false: it is at its end
  void settle_intents(uint32_t of_daemon);
  void on_pid(launch& slot, pid_t pid);
  void tell_of_settled(launch& slot); ///< to whom it was `held` while nothing was known of a child
  void on_ready_pidfd(launch& slot);
  void on_over(launch& slot, int exit_code, int signal);
  void reap_zombie(launch& slot);
  void reap_orphans();
  std::vector<pid_t> known_children() const; ///< sorted
  std::vector<pid_t> look_for_orphans();     ///< living ones
  bool may_have_left_some();
  bool is_known(pid_t pid);
  void reap_if_orphan(pid_t pid);

  // -- what is said to daemon and recorder
  void tell(companion& one);
  bool tell_held(companion& one); ///< these return whether all was sent; false: the rest when there is room again
  bool tell_sockets(companion& one);
  bool tell_peer(companion& one);
  bool tell_exits();
  bool tell_rejected();
  bool tell_terminate();
  bool tell_reopen();
  static bool tell_if_due(companion& one, op what, bool& is_due);
  bool tell_orphans();
  void watch_socket(companion& one, bool all_is_told);

  // -- the loop
  void watch(int fd, uint32_t events, uint64_t who);
  void on_event(uint64_t who);
  bool is_finished() const { return ending_ && daemon_.pid == 0 && recorder_.pid == 0; }
  void on_signals();
  int milliseconds_to_deadline() const;

  static uint32_t affordable_launches();

  const os::home& place_;
  const char* program_;
  rlimit child_open_files_;
  os::spawner spawner_;
  claim claim_;
  launch_table launches_;
  os::procfs proc_;
  os::unique_fd epoll_;
  os::unique_fd signals_;
  std::vector<report_pipe> reports_;  ///< the daemon's, and before it those of dead ones that are not at their end
  std::vector<report> early_reports_; ///< of children whose intents wait in the daemon's socket
  std::vector<kept_socket> sockets_;
  os::unique_fd state_; ///< what the next daemon goes on from
  companion daemon_{
      .role = "daemon", .socket_source = daemon_socket, .pidfd_source = daemon_pidfd, .knows = &launch::to_daemon};
  companion recorder_{.role = "recorder",
                      .socket_source = recorder_socket,
                      .pidfd_source = recorder_pidfd,
                      .knows = &launch::to_recorder};

  uint32_t intended_count_ = 0;             ///< launches without a pid
  uint32_t over_count_ = 0;                 ///< zombies that wait to be reaped
  uint32_t untold_count_ = 0;               ///< of these, whose exit the daemon does not know
  bool orphan_may_be_over_ = false;         ///< SIGCHLD has come since the last look
  bool look_is_due_ = false;                ///< the daemon has asked for the orphans
  bool terminate_is_due_ = false;           ///< SIGTERM has come, and the daemon was not told
  bool reopen_is_due_ = false;              ///< SIGUSR2 has come, and the recorder was not told
  std::vector<pid_t> ended_orphans_;        ///< found, and not reaped yet
  std::vector<launch_key> rejected_;        ///< the daemon is not read until it knows them: those of one packet
  std::optional<clock::time_point> ending_; ///< `end` has come: when patience is over
  std::optional<std::string> given_up_;     ///< why
};

uint32_t keeper::affordable_launches() {
  const rlim_t limit = os::open_files_limit();
  if (limit <= fds_beside_launches)
    return 0;
  return static_cast<uint32_t>(
      std::min<rlim_t>((limit - fds_beside_launches) / fds_per_launch, launch_table::max_capacity));
}

// -- the home, daemon and recorder ------------------------------------------------------------------------------------

result<void> keeper::prepare_descriptors() {
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

result<void> keeper::start() {
  auto claimed = claim_home(place_);
  if (!claimed)
    return fail(std::move(claimed.error()));
  claim_ = std::move(*claimed);
  ::setenv(os::home_variable, place_.path.c_str(), 1);
  auto between = os::make_packet_pair();
  auto started = prepare_descriptors();
  if (started && !between)
    started = fail(exit_code::other, fmt::format("making a socket failed: {}", ::strerrordesc_np(errno)));
  if (started)
    started = start(daemon_, std::move(between->first));
  if (started)
    started = start(recorder_, std::move(between->second));
  if (!started)
    abandon_home(place_); // a daemon that was started sees its socket end
  return started;
}

result<void> keeper::start(companion& one, os::unique_fd socket_to_other) {
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

bool keeper::is_dying_too_often(companion& one) {
  const auto now = clock::now();
  if (&one == &recorder_) // it says nothing to the keeper
    one.has_taken_over = now - one.started_at >= recorder_start_takes;
  auto& deaths = one.has_taken_over ? one.deaths : one.early_deaths;
  std::erase_if(deaths, [now](clock::time_point at) { return now - at >= death_period; });
  deaths.push_back(now);
  return deaths.size() >= (one.has_taken_over ? replacements_too_many : deaths_too_many);
}

void keeper::on_end_of(companion& one) {
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
  if (is_dying_too_often(one))
    given_up_ = fmt::format("the {} ended {} times in {} s", one.role,
                            one.has_taken_over ? replacements_too_many : deaths_too_many, death_period.count());
  else
    restart(one);
}

void keeper::restart(companion& one) {
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

void keeper::on_closed_socket(companion& one) {
  one.socket.reset(); // leaves epoll: nobody else has a copy
  if (!ending_ && one.pidfd)
    os::send_signal(one.pidfd, SIGKILL); // it can no longer be spoken to; its end comes next
}

// -- what the daemon says ---------------------------------------------------------------------------------------------

void keeper::read_daemon() {
  while (daemon_.socket && rejected_.empty()) {
    auto packet = os::receive_packet(daemon_.socket.get());
    if (!packet)
      return; // nothing more; or descriptors were lost, which the table's capacity excludes
    if (packet->bytes.empty()) {
      on_closed_socket(daemon_);
      return;
    }
    on_packet(*packet);
  }
}

void keeper::on_packet(os::packet& packet) {
  op what{};
  if (packet.bytes.size() < sizeof what)
    return;
  std::memcpy(&what, packet.bytes.data(), sizeof what);
  switch (what) {
    case op::intend: {
      std::span<os::unique_fd> fds{packet.fds};
      for_each<intend>(packet.bytes, [&](const intend& one) {
        const size_t count = std::min<size_t>(one.fd_count, fds.size());
        on_intend(one.key, fds.first(count));
        fds = fds.subspan(count);
      });
      break;
    }
    case op::launched:
      drain_reports();
      for_each<launched>(packet.bytes, [&](const launched& one) { on_launched(one); });
      break;
    case op::reap:
      for_each<reap>(packet.bytes, [&](const reap& one) { on_reap(one.key); });
      break;
    case op::end:
      begin_end();
      break;
    case op::look:
      look_is_due_ = true;
      tell(daemon_);
      break;
    case op::socket:
      on_socket(packet);
      break;
    case op::state:
      if (packet.fds.size() == 1)
        state_ = std::move(packet.fds.front());
      daemon_.has_taken_over = true;
      break;
    case op::hello:
    case op::exited:
    case op::peer:
    case op::rejected:
    case op::held:
    case op::held_all:
    case op::orphans:
    case op::terminate:
    case op::reopen: // only said by the keeper
      break;
  }
}

void keeper::on_intend(const launch_key& key, std::span<os::unique_fd> fds) {
  launch* slot = launches_.take(key);
  if (slot == nullptr) {
    rejected_.push_back(key);
    tell(daemon_);
    return;
  }
  ++intended_count_;
  const std::array places = {&slot->out, &slot->err, &slot->channel};
  for (size_t i = 0; i < std::min(fds.size(), places.size()); ++i)
    *places[i] = std::move(fds[i]);
  slot->daemon = daemon_.restarts;
  const auto early = std::ranges::find(early_reports_, key, &report::key);
  if (early != early_reports_.end()) {
    on_pid(*slot, early->pid);
    early_reports_.erase(early);
  }
}

void keeper::on_launched(const launched& packet) {
  launch* slot = launches_.find(packet.key);
  if (slot != nullptr && slot->state == launch_state::intended)
    on_pid(*slot, packet.pid);
}

void keeper::on_reap(const launch_key& key) {
  launch* slot = launches_.find(key);
  if (slot == nullptr)
    return;
  if (slot->state == launch_state::intended)
    drain_reports(); // a child that was made wrote its report before the daemon said this
  switch (slot->state) {
    case launch_state::free:
    case launch_state::dismissed:
      break;
    case launch_state::intended:
      --intended_count_;
      launches_.release(*slot);
      break;
    case launch_state::running:
      slot->state = launch_state::dismissed;
      on_ready_pidfd(*slot);
      break;
    case launch_state::over:
      reap_zombie(*slot);
      break;
  }
}

void keeper::on_socket(os::packet& packet) {
  if (packet.bytes.size() < sizeof(held_socket))
    return;
  const auto* text = reinterpret_cast<const char*>(packet.bytes.data()) + sizeof(held_socket);
  std::string name{text, packet.bytes.size() - sizeof(held_socket)};
  std::erase_if(sockets_, [&](const kept_socket& one) { return one.name == name; });
  if (packet.fds.size() == 1 && sockets_.size() < most_sockets && name.size() <= held_socket::longest)
    sockets_.push_back({std::move(name), std::move(packet.fds.front())});
}

void keeper::begin_end() {
  if (ending_)
    return;
  ending_ = clock::now() + ending_may_take;
  recorder_.socket.reset(); // its order to write what is left and to exit
}

// -- children ---------------------------------------------------------------------------------------------------------

result<os::unique_fd> keeper::make_report_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return fail(exit_code::other, fmt::format("making a pipe failed: {}", ::strerrordesc_np(errno)));
  reports_.push_back({daemon_.restarts, os::unique_fd{ends[0]}});
  return os::unique_fd{ends[1]}; // the daemon's alone, so that the pipe ends with it and its children
}

void keeper::drain_reports() {
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

bool keeper::read_reports(int pipe) {
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
void keeper::settle_intents(uint32_t of_daemon) {
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

void keeper::on_pid(launch& slot, pid_t pid) {
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

void keeper::tell_of_settled(launch& slot) {
  for (companion* one : {&daemon_, &recorder_}) {
    if (slot.*one->knows != known::without_pid)
      continue;
    slot.*one->knows = known::no;
    one->next_held = std::min(one->next_held, launches_.index_of(slot));
    tell(*one);
  }
}

void keeper::on_ready_pidfd(launch& slot) {
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

void keeper::on_over(launch& slot, int exit_code, int signal) {
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

void keeper::reap_zombie(launch& slot) {
  if (slot.pid != 0)
    ::waitid(P_PID, static_cast<id_t>(slot.pid), nullptr, WEXITED | WNOHANG | __WALL);
  --over_count_;
  if (!slot.exit_is_told)
    --untold_count_;
  launches_.release(slot);
}

bool keeper::is_known(pid_t pid) {
  return pid == daemon_.pid || pid == recorder_.pid || launches_.find_pid(pid) != nullptr;
}

/// The intent of a launch is sent before its child is created: what is still unknown when all that was sent has been
/// read, and when every launch has its pid, is an orphan. (While it is not reaped its number is its own.)
void keeper::reap_if_orphan(pid_t pid) {
  read_daemon();
  drain_reports();
  if (intended_count_ == 0 && !is_known(pid))
    ::waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED | WNOHANG | __WALL);
}

/// waitid(P_ALL) can only look at the first zombie. So this waits until no zombie of an app is left, and until no
/// launch is without its pid, for that one would be taken for an orphan. What a look has found does not have to wait.
void keeper::reap_orphans() {
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

std::vector<pid_t> keeper::known_children() const {
  std::vector<pid_t> known{daemon_.pid, recorder_.pid};
  for (const launch& slot : launches_.slots())
    if (slot.pid != 0)
      known.push_back(slot.pid);
  std::ranges::sort(known);
  return known;
}

/// A launch without its pid is taken for an orphan, which costs the daemon a look at it.
std::vector<pid_t> keeper::look_for_orphans() {
  drain_reports();
  auto found = find_orphans(proc_, known_children());
  ended_orphans_ = std::move(found.ended);
  return std::move(found.living);
}

bool keeper::may_have_left_some() {
  return launches_.taken() > children_looked_at_each_exit || !look_for_orphans().empty();
}

// -- what is said to daemon and recorder ------------------------------------------------------------------------------

void keeper::tell(companion& one) {
  if (!one.socket)
    return;
  bool all = tell_held(one) && tell_peer(one);
  if (&one == &daemon_)
    all = all && tell_exits() && tell_rejected() && tell_terminate() && tell_orphans();
  else
    all = all && tell_reopen();
  watch_socket(one, all);
}

bool keeper::tell_held(companion& one) {
  const auto slots = launches_.slots();
  for (; one.next_held < slots.size(); ++one.next_held) {
    launch& slot = slots[one.next_held];
    if (slot.*one.knows != known::no || slot.state == launch_state::free || slot.state == launch_state::dismissed)
      continue;
    const bool is_over = slot.state == launch_state::over;
    held packet;
    packet.pid = slot.pid;
    packet.key = slot.key;
    packet.is_over = is_over ? 1 : 0;
    packet.exit_code = slot.exit_code;
    packet.signal = slot.signal;
    const std::array fds = {slot.out.get(), slot.err.get(), slot.channel.get()};
    const size_t wanted = &one == &daemon_ ? fds.size() : fds.size() - 1;
    const auto missing = std::ranges::find(fds.begin(), fds.begin() + wanted, -1);
    if (os::send_packet(one.socket.get(), bytes_of(packet), {fds.begin(), missing}) == EAGAIN)
      return false;
    slot.*one.knows = slot.pid == 0 ? known::without_pid : known::yes;
    if (is_over && &one == &daemon_ && !slot.exit_is_told) {
      slot.exit_is_told = true;
      --untold_count_;
    }
  }
  if (&one == &daemon_ && !tell_sockets(one))
    return false;
  if (!one.held_all_is_sent) {
    notice all;
    all.what = op::held_all;
    if (os::send_packet(one.socket.get(), bytes_of(all)) == EAGAIN)
      return false;
    one.held_all_is_sent = true;
  }
  return true;
}

bool keeper::tell_sockets(companion& one) {
  if (one.held_all_is_sent)
    return true; // what came later is its own
  for (; one.next_socket < sockets_.size(); ++one.next_socket) {
    const kept_socket& next = sockets_[one.next_socket];
    held_socket head;
    head.length = static_cast<uint32_t>(next.name.size());
    std::vector<std::byte> packet{bytes_of(head).begin(), bytes_of(head).end()};
    const auto name = std::as_bytes(std::span{next.name});
    packet.insert(packet.end(), name.begin(), name.end());
    const std::array fds = {next.fd.get()};
    if (os::send_packet(one.socket.get(), packet, fds) == EAGAIN)
      return false;
  }
  return true;
}

bool keeper::tell_peer(companion& one) {
  if (!one.unsent_peer)
    return true;
  notice packet;
  packet.what = op::peer;
  const std::array fds = {one.unsent_peer.get()};
  if (os::send_packet(one.socket.get(), bytes_of(packet), fds) == EAGAIN)
    return false;
  one.unsent_peer.reset();
  return true;
}

bool keeper::tell_exits() {
  std::array<exited, 512> batch;
  std::array<launch*, batch.size()> slots;
  const bool may_have_left = untold_count_ > 0 && may_have_left_some();
  while (untold_count_ > 0) {
    size_t count = 0;
    for (launch& slot : launches_.slots()) {
      if (slot.state != launch_state::over || slot.exit_is_told)
        continue;
      batch[count] = exited{};
      batch[count].pid = slot.pid;
      batch[count].key = slot.key;
      batch[count].exit_code = slot.exit_code;
      batch[count].signal = slot.signal;
      batch[count].may_have_left = may_have_left ? 1 : 0;
      slots[count] = &slot;
      if (++count == batch.size())
        break;
    }
    if (os::send_packet(daemon_.socket.get(), std::as_bytes(std::span{batch}.first(count))) == EAGAIN)
      return false;
    for (launch* slot : std::span{slots}.first(count))
      slot->exit_is_told = true;
    untold_count_ -= static_cast<uint32_t>(count);
  }
  return true;
}

bool keeper::tell_rejected() {
  while (!rejected_.empty()) {
    notice packet;
    packet.what = op::rejected;
    packet.key = rejected_.back();
    if (os::send_packet(daemon_.socket.get(), bytes_of(packet)) == EAGAIN)
      return false;
    rejected_.pop_back();
  }
  return true;
}

bool keeper::tell_orphans() {
  if (!look_is_due_)
    return true;
  const std::vector<pid_t> all = look_for_orphans();
  std::vector<std::byte> packet;
  std::span<const pid_t> left{all};
  do {
    const auto part = left.first(std::min<size_t>(left.size(), orphans::at_most));
    orphans head;
    head.count = static_cast<uint32_t>(part.size());
    head.is_first = left.size() == all.size() ? 1 : 0;
    left = left.subspan(part.size());
    head.is_last = left.empty() ? 1 : 0;
    packet.assign(bytes_of(head).begin(), bytes_of(head).end());
    const auto pids = std::as_bytes(part);
    packet.insert(packet.end(), pids.begin(), pids.end());
    if (os::send_packet(daemon_.socket.get(), packet) == EAGAIN)
      return false; // and from the start, with a new look, when there is room
  } while (!left.empty());
  look_is_due_ = false;
  return true;
}

bool keeper::tell_terminate() {
  return tell_if_due(daemon_, op::terminate, terminate_is_due_);
}

bool keeper::tell_reopen() {
  return tell_if_due(recorder_, op::reopen, reopen_is_due_);
}

bool keeper::tell_if_due(companion& one, op what, bool& is_due) {
  if (!is_due)
    return true;
  notice packet;
  packet.what = what;
  if (os::send_packet(one.socket.get(), bytes_of(packet)) == EAGAIN)
    return false;
  is_due = false;
  return true;
}

void keeper::watch_socket(companion& one, bool all_is_told) {
  const bool may_be_read = &one != &daemon_ || rejected_.empty();
  const uint32_t wanted = (may_be_read ? EPOLLIN : 0U) | (all_is_told ? 0U : EPOLLOUT);
  if (wanted == one.watched)
    return;
  epoll_event event{};
  event.events = one.watched = wanted;
  event.data.u64 = one.socket_source;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, one.socket.get(), &event);
}

// -- the loop ---------------------------------------------------------------------------------------------------------

void keeper::watch(int fd, uint32_t events, uint64_t who) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = who;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void keeper::on_event(uint64_t who) {
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
  }
}

void keeper::on_signals() {
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

int keeper::milliseconds_to_deadline() const {
  if (!ending_)
    return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*ending_ - clock::now());
  return static_cast<int>(std::max(left, std::chrono::milliseconds{0}).count());
}

int keeper::run() {
  std::array<epoll_event, 256> ready;
  while (!is_finished() && !given_up_) {
    const int count =
        ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), milliseconds_to_deadline());
    if (count == 0 && ending_ && clock::now() >= *ending_)
      break;
    for (const epoll_event& event : std::span{ready}.first(static_cast<size_t>(std::max(count, 0))))
      on_event(event.data.u64);
    reap_orphans();
    tell(daemon_);
    if (reopen_is_due_)
      tell(recorder_);
  }
  for (const companion* one : {&daemon_, &recorder_})
    if (one->pidfd && !(given_up_ && one == &recorder_)) // the recorder writes what is left, and exits
      os::send_signal(one->pidfd, SIGKILL);
  abandon_home(place_);
  if (!given_up_)
    return 0;
  fmt::print(stderr, "procvisor keeper: {}; the apps run on without it\n", *given_up_);
  return 1;
}

} // namespace

int run_keeper(const os::home& place, int ready, const char* program) {
  os::unique_fd told_on{ready};
  keeper self{place, program};
  const auto started = self.start();
  const std::string text = encode_ready(started);
  // Whoever started this keeper may be gone: the keeper stays all the same.
  [[maybe_unused]] const ssize_t written = ::write(told_on.get(), text.data(), text.size());
  told_on.reset();
  return started ? self.run() : static_cast<int>(started.error().code);
}

} // namespace procvisor::keeper
