#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "keeper/claim.hpp"
#include "keeper/inheritance.hpp"
#include "keeper/launch_table.hpp"
#include "keeper/wire.hpp"
#include "os/packet_socket.hpp"
#include "os/procfs.hpp"
#include "os/spawn.hpp"

/// The keeper's insides. What it does stands by subject in companions.cpp (daemon and recorder), heard.cpp (what the
/// daemon says), children.cpp (launches and orphans), told.cpp (what is said to both), succession.cpp (keepers that
/// follow one another) and keeper.cpp (the loop).
namespace procvisor::keeper {

using clock = std::chrono::steady_clock;

/// Who an epoll event is for: a slot's number, or one of these.
enum source : uint64_t {
  daemon_socket = launch_table::max_capacity,
  recorder_socket,
  daemon_pidfd,
  recorder_pidfd,
  report_source,
  signals,
  update_check,
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

/// A program that is to take this keeper's place (`update`).
struct update {
  os::unique_fd program;
  os::unique_fd check; ///< pidfd of its dry run; empty: that has succeeded
  pid_t check_pid = 0;
  os::unique_fd said; ///< what the dry run writes to stderr
  clock::time_point deadline;
  bool daemon_is_asked = false;
};

class keeper_process {
public:
  keeper_process(const os::home& place, const char* program);

  /// Returns when the home is claimed and the daemon has been started.
  result<void> start();
  /// The same, where another process has executed this one in its place.
  result<void> start_from(const inheritance& what);

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
  void end_companions_at_once();
  companion& other(const companion& one) { return &one == &daemon_ ? recorder_ : daemon_; }

  // -- what the daemon says
  void read_daemon();
  void on_packet(os::packet& packet);
  void on_intend(const launch_key& key, std::span<os::unique_fd> fds);
  void on_launched(const launched& packet);
  void on_reap(const launch_key& key);
  void on_socket(os::packet& packet);
  void begin_end();

  // -- keepers that follow one another
  result<void> start_companions();
  void take_launch(const inherited_launch& one);
  inheritance what_is_left(inherited_from from) const;
  void on_adopt(const adopt& packet, std::span<os::unique_fd> fds);
  void begin_update(os::packet& packet);
  result<void> check_program();
  void on_checked();
  void refuse_update(std::string why);
  void go_on_with_update(); ///< when recorder and daemon have ended
  void give_way();
  void execute(int program, inheritance what); ///< returns where that has failed: errno says why
  void return_to_older();
  void end_trial();
  bool tell_refused_update();
  bool tell_leave();

  // -- children
  result<os::unique_fd> make_report_pipe(); ///< the write end
  void drain_reports();
  bool read_reports(int pipe); ///< false: it is at its end
  void settle_intents(uint32_t of_daemon);
  void on_pid(launch& slot, pid_t pid);
  void tell_of_settled(launch& slot); ///< to whom it was `held` while nothing was known of a child
  void on_ready_pidfd(launch& slot);
  void on_ready_foster(launch& slot);
  void on_over(launch& slot, int exit_code, int signal);
  void reap_zombie(launch& slot);
  void reap_orphans();
  std::vector<pid_t> known_children() const; ///< sorted
  std::vector<pid_t> look_for_orphans();     ///< living ones
  std::vector<pid_t> foster_parents() const;
  bool may_have_left_some();
  bool follows_loss() const { return origin_ == origin::lost || origin_ == origin::handed_over; }
  bool is_alive(pid_t pid) const;
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
  std::optional<clock::time_point> deadline() const;
  int milliseconds_to_deadline() const;
  void on_deadline();

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

  uint32_t intended_count_ = 0;      ///< launches without a pid
  uint32_t over_count_ = 0;          ///< zombies that wait to be reaped
  uint32_t untold_count_ = 0;        ///< of these, whose exit the daemon does not know
  bool orphan_may_be_over_ = false;  ///< SIGCHLD has come since the last look
  bool look_is_due_ = false;         ///< the daemon has asked for the orphans
  bool terminate_is_due_ = false;    ///< SIGTERM has come, and the daemon was not told
  bool reopen_is_due_ = false;       ///< SIGUSR2 has come, and the recorder was not told
  std::vector<pid_t> ended_orphans_; ///< found, and not reaped yet
  std::vector<launch_key> rejected_; ///< the daemon is not read until it knows them: those of one packet
  origin origin_ = origin::new_home;
  uint32_t losses_ = 0; ///< of keepers, since losses_since_
  int64_t losses_since_ = 0;
  std::optional<update> update_;
  bool leave_is_due_ = false;                   ///< the daemon was not told yet
  std::optional<std::string> refused_update_;   ///< why; the daemon does not know it yet
  std::optional<clock::time_point> trial_ends_; ///< until then the daemon has to have taken over
  os::unique_fd older_program_;                 ///< that of the keeper before, while this one is on trial
  std::optional<clock::time_point> ending_;     ///< `end` has come: when patience is over
  std::optional<std::string> given_up_;         ///< why
};

} // namespace procvisor::keeper
