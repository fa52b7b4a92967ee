#include "actors/cgroup_trees.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <caf/typed_event_based_actor.hpp>

#include "os/pidfd.hpp"

namespace procvisor {

namespace {

using namespace std::chrono_literals;

/// Where descriptors are short.
constexpr auto until_descriptors_are_free = 100ms;

} // namespace

cgroup_trees::cgroup_trees(tree_ender_actor::pointer self, std::shared_ptr<const os::launch_cgroups> cgroups,
                           const os::procfs& proc)
  : self_(self), cgroups_(std::move(cgroups)), proc_(proc) {
}

bool cgroup_trees::take(const tree_order& order) {
  auto at = trees_.find({order.id, order.gen});
  if (at == trees_.end()) {
    const bool has_certain_number = order.foster_start == 0;
    auto folder = has_certain_number ? cgroups_->of(order.leader) : std::string{};
    if (folder.empty())
      folder = cgroups_->of_launch(static_cast<uint32_t>(order.id), static_cast<uint64_t>(order.gen));
    if (folder.empty())
      return false;
    at = trees_.emplace(launch_key{order.id, order.gen}, tree{}).first;
    at->second.folder = std::move(folder);
  }
  auto& of = at->second;
  of.order = order;
  of.app = caf::actor_cast<app_actor>(self_->current_sender());
  if (order.signal == SIGKILL)
    kill(of);
  else if (order.signal != 0 && !of.is_killed)
    ask(of, order.signal);
  if (order.leader_is_over)
    look(at);
  return true;
}

void cgroup_trees::settle(const tree_settled& settled) {
  const auto at = trees_.find({settled.id, settled.gen});
  if (at != trees_.end())
    drop(at);
}

void cgroup_trees::drop(tree_at at) {
  if (at->second.events)
    by_events_.erase(at->second.events.token());
  trees_.erase(at);
}

/// Those furthest from the leader first, and then its process group at one blow.
void cgroup_trees::ask(const tree& of, int signal) {
  const bool has_certain_number = of.order.foster_start == 0;
  const auto all = os::processes_in(of.folder);
  const bool is_alone = has_certain_number && all.size() == 1 && all.front() == of.order.leader;
  if (!is_alone)
    for (const auto& one : os::hold_processes_in(proc_, of.folder))
      if (!has_certain_number || one.group != of.order.leader)
        os::send_signal(one.pidfd, signal);
  if (has_certain_number)
    ::kill(-of.order.leader, signal);
}

void cgroup_trees::kill(tree& of) {
  if (!std::exchange(of.is_killed, true)) {
    const auto all = os::processes_in(of.folder);
    of.killed = all.size() - static_cast<size_t>(std::ranges::count(all, of.order.leader));
  }
  if (!os::kill_cgroup(of.folder) && errno != ENOENT && errno != ENODEV)
    try_again({of.order.id, of.order.gen});
}

void cgroup_trees::look(tree_at at) {
  auto& of = at->second;
  if (!of.events) {
    auto events = os::open_cgroup_events(of.folder);
    if (!events && errno != ENOENT) {
      try_again(at->first);
      return;
    }
    if (events) {
      of.events = watched_fd{event_loop::of(self_->system()), std::move(events), caf::weak_actor_ptr{self_->ctrl()}};
      by_events_.emplace(of.events.token(), at->first);
    }
  }
  if (of.events && os::is_populated(of.events.get())) {
    of.events.arm(EPOLLPRI);
    return;
  }
  self_->send(of.app, tree_ended{of.order.gen, of.killed});
  drop(at);
}

void cgroup_trees::try_again(launch_key launch) {
  self_->run_delayed(until_descriptors_are_free, [this, launch] {
    const auto at = trees_.find(launch);
    if (at == trees_.end())
      return;
    if (at->second.is_killed)
      kill(at->second);
    if (at->second.order.leader_is_over)
      look(at);
  });
}

bool cgroup_trees::on_ready(const fd_ready& ready) {
  const auto at = by_events_.find(ready.token);
  if (at == by_events_.end())
    return false;
  look(trees_.find(at->second));
  return true;
}

} // namespace procvisor
