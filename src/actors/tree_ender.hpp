#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <caf/disposable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/cgroup_trees.hpp"
#include "actors/protocol.hpp"
#include "os/process_tree.hpp"
#include "os/procfs.hpp"

namespace procvisor {

/// Ends what apps have started, however it forked: passes signals on to whole trees, and sees to it that nothing of one
/// is alive before its app goes on.
///
/// Where a launch has a cgroup of its own, that says what belongs to it (actors/cgroup_trees). Otherwise:
/// what a process leaves behind when it ends becomes the keeper's child, or descends from one: the keeper is a
/// subreaper. So a *look* at the keeper's orphans finds it; whose an orphan is, its process group, its session or its
/// PROCVISOR_INSTANCE says. What is found is held by pidfd, and when all that was found has ended there is another
/// look, until one finds nothing. One look serves all apps that wait for one.
///
/// What has left its session and has wiped its environment is only found while its parents live.
class tree_ender_state {
public:
  static inline const char* name = "procvisor.tree_ender";

  tree_ender_state(tree_ender_actor::pointer self, std::string home, launcher_actor launcher,
                   recorder_link_actor recorder, std::shared_ptr<const os::launch_cgroups> cgroups);
  tree_ender_actor::behavior_type make_behavior();

private:
  struct tree {
    tree_order order; ///< the newest one
    app_actor app;
    int signal = 0;         ///< the strongest so far
    bool is_unasked = true; ///< orphans of it have not been sent `signal` yet
    bool wants_look = false;
    bool is_in_look = false;
    std::map<pid_t, uint64_t> members; ///< living ones, by the token of their pidfd
    size_t killed = 0;
    unsigned looks = 0; ///< that did not find it ended, although it was being killed
  };
  using launch_key = std::pair<process_id, generation>;
  struct member {
    watched_fd pidfd;
    launch_key of;
  };
  enum class look_state : uint8_t {
    idle,
    due,      ///< the trees' orders, and then the look
    delayed,  ///< until no more ends are expected, or a few milliseconds
    paused,   ///< for as long as it takes
    asked,    ///< the keeper
    examining ///< what it has answered
  };

  void on_order(const tree_order& order);
  void on_settled(const tree_settled& settled);
  void on_orphans(const orphans_seen& seen);
  void on_ended_member(const fd_ready& ready);

  void signal_descendants(tree& of);
  void signal_foster_tree(tree& of);
  void take(tree& of, os::held_process found, bool is_to_be_asked);
  void want_look(tree& of);
  void schedule_look();
  void look_in(std::chrono::milliseconds time, look_state meanwhile);
  void look();
  void examine_some();
  void examine(pid_t orphan);
  tree* owner_of(const os::held_process& orphan);
  void conclude_look();
  void drop(std::map<launch_key, tree>::iterator at);

  tree_ender_actor::pointer self_;
  std::string home_;
  launcher_actor launcher_;
  recorder_link_actor recorder_;
  event_loop& loop_;
  os::procfs proc_;
  cgroup_trees in_cgroups_;
  std::map<launch_key, tree> trees_;
  std::unordered_map<uint64_t, member> members_; ///< by token
  size_t leaders_alive_ = 0;
  size_t waiting_ = 0; ///< trees that want a look
  look_state look_ = look_state::idle;
  caf::disposable timer_;        ///< of a delayed look
  std::deque<pid_t> to_examine_; ///< of the look under way
  // In the look under way:
  bool one_was_in_execve_ = false; ///< it cannot be told whose it is
  bool one_had_ended_ = false;     ///< likewise, and it may have left others
};

using tree_ender_impl = tree_ender_actor::stateful_impl<tree_ender_state>;

} // namespace procvisor
