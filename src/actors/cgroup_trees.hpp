#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "actors/protocol.hpp"
#include "os/cgroup.hpp"
#include "os/procfs.hpp"

namespace procvisor {

/// Ends trees that have a cgroup of their own: one write kills everything in it, and the kernel says when nothing of it
/// is alive. A part of the tree_ender, whose actor it uses.
class cgroup_trees {
public:
  cgroup_trees(tree_ender_actor::pointer self, std::shared_ptr<const os::launch_cgroups> cgroups,
               const os::procfs& proc);

  /// False: this launch is in no cgroup of its own.
  bool take(const tree_order& order);
  void settle(const tree_settled& settled);
  /// False: the event is another's.
  bool on_ready(const fd_ready& ready);

private:
  struct tree {
    tree_order order; ///< the newest one
    app_actor app;
    std::string folder;
    watched_fd events;      ///< from when the leader is over
    bool is_killed = false; ///< or is to be, as soon as there is a descriptor for it
    size_t killed = 0;
  };
  using launch_key = std::pair<process_id, generation>; ///< during a reload a process has two launches
  using tree_at = std::map<launch_key, tree>::iterator;

  void ask(const tree& of, int signal);
  void kill(tree& of);
  void look(tree_at at);
  /// Descriptors are short: once more what has to be done of it.
  void try_again(launch_key launch);
  void drop(tree_at at);

  tree_ender_actor::pointer self_;
  std::shared_ptr<const os::launch_cgroups> cgroups_;
  const os::procfs& proc_;
  std::map<launch_key, tree> trees_;
  std::unordered_map<uint64_t, launch_key> by_events_; ///< by the token of `events`
};

} // namespace procvisor
