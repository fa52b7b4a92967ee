#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include <caf/action.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/execution_unit.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/type_id.hpp>

#include "os/unique_fd.hpp"

namespace procvisor {

/// Sent to the owner of a watched_fd that was armed and has become ready. One event for each arm().
struct fd_ready {
  uint64_t token = 0;  ///< watched_fd::token()
  uint32_t events = 0; ///< EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR
};

template <class Inspector>
bool inspect(Inspector& f, fd_ready& x) {
  return f.object(x).fields(f.field("token", x.token), f.field("events", x.events));
}

} // namespace procvisor

CAF_BEGIN_TYPE_ID_BLOCK(procvisor_loop, caf::first_custom_type_id)

  CAF_ADD_TYPE_ID(procvisor_loop, (procvisor::fd_ready))

CAF_END_TYPE_ID_BLOCK(procvisor_loop)

namespace procvisor {

/// The clock of the loop. Entries that were disposed (an answered request leaves its time-out behind) are dropped when
/// they make up half of the table. A fake clock stands still until advance() is called.
class loop_clock : public caf::actor_clock {
public:
  explicit loop_clock(bool fake) : fake_(fake) {}

  time_point now() const noexcept override;
  caf::disposable schedule_periodically(time_point first_run, caf::action f, duration_type period) override;

  /// The time of the first entry that is not disposed; time_point::max() where there is none.
  time_point next_due();
  /// Runs what is due. Returns how many actions ran.
  size_t run_due();
  void advance(duration_type by) { fake_now_ += by; }
  bool is_fake() const noexcept { return fake_; }
  void clear() { entries_.clear(); }
  size_t size() const noexcept { return entries_.size(); }

private:
  struct entry {
    caf::action f;
    duration_type period;
  };
  void drop_disposed();

  std::multimap<time_point, entry> entries_;
  size_t sweep_at_ = 64; ///< table size at which disposed entries are looked for
  bool fake_;
  time_point fake_now_{std::chrono::hours{1}};
};

/// CAF's scheduler and the only loop of the process: runs actors from a queue; when that is empty it blocks in
/// epoll_pwait2 until a watched fd is ready or the clock's next entry is due. Everything runs on the thread that calls
/// run(). Idle means blocked: no tick.
///
/// Load it with `loop_config` (real clock) or `loop_config{fake_clock}` (tests), then `event_loop::of(system)`.
class event_loop final : public caf::scheduler::abstract_coordinator, private caf::execution_unit {
public:
  event_loop(caf::actor_system& system, bool fake_clock);
  ~event_loop() override;

  static event_loop& of(caf::actor_system& system);

  /// Runs until no actor is left.
  void run();
  /// Runs jobs, ready fds and due timers until there is nothing to do, without blocking: for tests and for shutdown.
  void run_until_quiet();
  /// Moves the fake clock, running to quiescence at each timer's own time on the way.
  void advance(caf::actor_clock::duration_type by);

  loop_clock& clock() noexcept override { return clock_; }

  // -- CAF's scheduler interface
  void enqueue(caf::resumable* job) override;
  bool detaches_utility_actors() const override { return false; }
  void start() override;
  void stop() override;

private:
  friend class watched_fd;
  using slot_index = uint32_t;
  struct slot {
    caf::weak_actor_ptr owner;
    uint32_t generation = 0;
    int fd = -1;
    bool in_epoll = false;
  };

  void exec_later(caf::resumable* job) override { enqueue(job); }
  uint64_t add(int fd, caf::weak_actor_ptr owner);
  void arm(uint64_t token, uint32_t events);
  void disarm(uint64_t token);
  void remove(uint64_t token);

  void run_jobs(size_t at_most);
  void wait_and_dispatch(bool may_block);

  os::unique_fd epoll_;
  loop_clock clock_;
  std::deque<caf::resumable*> jobs_;
  std::vector<slot> slots_;
  std::vector<slot_index> free_slots_;
};

/// An fd in the loop, owned by one actor. It leaves epoll before it is closed: a closed fd of which another process
/// holds a copy would stay in epoll and spin (experiments: 741,799 events in 0.5 s).
class watched_fd {
public:
  watched_fd() noexcept = default;
  /// Not armed yet. `owner` is sent fd_ready messages for as long as it lives.
  watched_fd(event_loop& loop, os::unique_fd fd, caf::weak_actor_ptr owner);
  watched_fd(watched_fd&& other) noexcept;
  watched_fd& operator=(watched_fd&& other) noexcept;
  ~watched_fd() { reset(); }

  /// Asks for one fd_ready when any of `events` (EPOLLIN, EPOLLOUT) is there; hang-up and error always count.
  void arm(uint32_t events);
  /// Takes back arm(), until the next one. While an fd is in epoll, armed or not, each write to its other end pays for a
  /// wake-up (a line at a time into a pipe: 67 MiB/s watched, 84 not).
  void disarm();
  int get() const noexcept { return fd_.get(); }
  uint64_t token() const noexcept { return token_; }
  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  /// Takes the fd out of the loop and gives it back, open.
  os::unique_fd release();
  void reset();

private:
  event_loop* loop_ = nullptr;
  os::unique_fd fd_;
  uint64_t token_ = 0;
};

/// An actor_system_config that runs on an event_loop and reads neither command line nor caf-application.conf.
class loop_config : public caf::actor_system_config {
public:
  explicit loop_config(bool fake_clock = false);
};

} // namespace procvisor
