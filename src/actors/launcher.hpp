#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/packet_channel.hpp"
#include "actors/protocol.hpp"
#include "actors/survivors.hpp"
#include "keeper/wire.hpp"
#include "os/cgroup.hpp"
#include "os/procfs.hpp"
#include "os/spawn.hpp"

namespace procvisor {

/// What the keeper's hello brought for the launcher.
struct launcher_setup {
  std::string home;
  os::unique_fd keeper;
  os::unique_fd report;  ///< every child writes its pid here first
  uint32_t capacity = 0; ///< launches the keeper can hold
  rlimit open_files{};   ///< what children get
  std::shared_ptr<const os::launch_cgroups> cgroups = std::make_shared<os::launch_cgroups>();
  int listener = -1;        ///< the client socket, which outlives every actor
  os::unique_fd keeper_end; ///< the keeper's pidfd
  uint32_t restarts = 0;
  uint32_t losses = 0; ///< of keepers, since losses_since
  int64_t losses_since = 0;
  std::vector<survivor> survivors; ///< to be adopted, where the keeper does not hold them
};

/// Creates processes and speaks with the keeper. For each launch: pipes, the intent deposited with the keeper, clone,
/// the pipes' ends to the recorder. It creates nothing while the keeper's queue is full, for an intent must be in the
/// kernel's hands before there is a child.
class launcher_state {
public:
  static inline const char* name = "procvisor.launcher";

  launcher_state(launcher_actor::pointer self, std::shared_ptr<launcher_setup> setup, recorder_link_actor recorder,
                 root_actor root);
  launcher_actor::behavior_type make_behavior();

private:
  struct known_launch {
    app_actor app = {}; ///< hears of its exit; of an earlier daemon's: when it has claimed it
    pid_t pid = 0;
    uint64_t start_ticks = 0;
    os::unique_fd channel = {}; ///< our end of the app's IPC channel, once more: for the keeper after this one
    std::optional<process_exited> unclaimed_exit = {};
    std::string cgroup = {}; ///< its folder, to be removed; empty: it has none
  };
  /// A launch whose child may be in chdir or execve on a filesystem that does not answer.
  struct slow_launch {
    watched_fd outcome;
    pid_t pid = 0;
    shared_fd channel; ///< our end of the app's IPC channel, if it has one
    launch_order order;
    app_actor app;
  };

  void on_order(const launch_order& order);
  void create(const launch_order& order, const app_actor& app);
  tl::expected<os::spawned, os::spawn_error> spawn(const launch_order& order, os::spawn_plan plan);
  void on_ready(const fd_ready& ready);
  void on_packet(os::packet& received);
  void on_exited(const keeper::exited& ended);
  void on_orphans(std::span<const std::byte> bytes);
  void on_held(const keeper::held& left, std::vector<os::unique_fd> fds);
  void on_claim(const claim_launch& claim);
  void keep(const keep_socket& socket);
  void on_held_socket(os::packet& received);
  uint64_t start_of(pid_t pid) const;
  void adopt_survivors();
  void on_give_way(const give_way_to& order, caf::typed_response_promise<std::string> answer);
  /// Orders are left to the next daemon from here on: they are written down. `end` is called when nothing is half done.
  template <class F>
  void leave(F end);
  /// After the keeper's end: this process becomes the next one. Returns only where that cannot be.
  void succeed_keeper();
  void settle_slow_launch(const std::function<bool(const slow_launch&)>& is_it);

  void refuse(const app_actor& app, const launch_order& order, std::string reason, int error);
  void fail_launch(const app_actor& app, const launch_order& order, const os::spawn_error& failure);
  void reap(const keeper::launch_key& key);
  void tell_recorder(const launch_order& order, pid_t pid, os::unique_fd out, os::unique_fd err);

  launcher_actor::pointer self_;
  recorder_link_actor recorder_;
  root_actor root_;
  event_loop& loop_;
  std::string home_;
  packet_channel keeper_;
  os::unique_fd report_;
  rlimit open_files_;
  uint32_t capacity_;
  os::spawner spawner_;
  os::procfs proc_;
  std::shared_ptr<launcher_setup> setup_;
  std::shared_ptr<const os::launch_cgroups> cgroups_;
  bool makes_cgroups_;                                            ///< until that has failed for a reason that stays
  shared_fd state_;                                               ///< what was last deposited
  std::map<std::string, os::unique_fd> sockets_;                  ///< what the keeper holds by keep_socket
  std::optional<caf::typed_response_promise<std::string>> asker_; ///< of the newest give_way_to
  std::map<std::pair<uint32_t, uint64_t>, known_launch>
      held_; ///< by process id and generation: the keeper's slots, each given back once
  std::optional<held_launches> adopted_{held_launches{}}; ///< until the keeper has told all that it holds
  bool is_leaving_ = false;
  std::vector<slow_launch> slow_;
  tree_ender_actor looking_;                               ///< hears of the orphans
  std::vector<pid_t> orphans_;                             ///< of a list whose last packet has not come
  std::deque<std::pair<launch_order, app_actor>> waiting_; ///< until the keeper's queue has room again
};

using launcher_impl = launcher_actor::stateful_impl<launcher_state>;

} // namespace procvisor
