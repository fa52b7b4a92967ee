#include "actors/tree_ender.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "actors/recorder_link.hpp"
#include "actors/support.hpp"
#include "os/pidfd.hpp"

namespace procvisor {

namespace {

using namespace std::chrono_literals;

/// Of one process; what is beyond that is found when its parents have ended.
constexpr size_t descendants_at_once = 1024;
/// Some 40 us each: then the other actors have their turn.
constexpr size_t examined_at_once = 64;
/// While the ends of other processes are expected, for each look costs the keeper 0.2 us for each of its children.
constexpr auto gather_for = 5ms;
/// An execve takes less.
constexpr auto execve_may_take = 1ms;
/// A tree that is still growing after so many looks forks faster than it is killed.
constexpr unsigned looks_in_a_row = 200;
constexpr auto pause_between_looks = 100ms;

} // namespace

tree_ender_state::tree_ender_state(tree_ender_actor::pointer self, std::string home, launcher_actor launcher,
                                   recorder_link_actor recorder, std::shared_ptr<const os::launch_cgroups> cgroups)
  : self_(self), home_(std::move(home)), launcher_(std::move(launcher)), recorder_(std::move(recorder)),
    loop_(event_loop::of(self->system())), in_cgroups_(self, std::move(cgroups), proc_) {
}

tree_ender_actor::behavior_type tree_ender_state::make_behavior() {
  keep_quiet(self_);
  return {
      [this](const tree_order& order) { on_order(order); },
      [this](const tree_settled& settled) { on_settled(settled); },
      [this](const orphans_seen& seen) { on_orphans(seen); },
      [this](const fd_ready& ready) {
        if (!in_cgroups_.on_ready(ready))
          on_ended_member(ready);
      },
  };
}

// -- what apps say ----------------------------------------------------------------------------------------------------

void tree_ender_state::on_order(const tree_order& order) {
  if (in_cgroups_.take(order))
    return;
  auto at = trees_.find({order.id, order.gen});
  if (at == trees_.end()) {
    at = trees_.emplace(launch_key{order.id, order.gen}, tree{}).first;
    leaders_alive_ += order.leader_is_over ? 0 : 1;
  } else if (order.leader_is_over && !at->second.order.leader_is_over) {
    --leaders_alive_;
  }
  auto& of = at->second;
  of.order = order;
  of.app = caf::actor_cast<app_actor>(self_->current_sender());
  if (order.signal != 0 && of.signal != SIGKILL) {
    of.signal = order.signal;
    of.is_unasked = true;
    signal_descendants(of);
  }
  if (of.is_unasked || (order.leader_is_over && of.members.empty()))
    want_look(of);
}

void tree_ender_state::on_settled(const tree_settled& settled) {
  in_cgroups_.settle(settled);
  const auto at = trees_.find({settled.id, settled.gen});
  if (at != trees_.end())
    drop(at);
}

void tree_ender_state::drop(std::map<launch_key, tree>::iterator at) {
  auto& of = at->second;
  for (const auto& [pid, token] : of.members)
    members_.erase(token);
  leaders_alive_ -= of.order.leader_is_over ? 0 : 1;
  waiting_ -= of.wants_look ? 1 : 0;
  trees_.erase(at);
}

// -- signals ----------------------------------------------------------------------------------------------------------

void tree_ender_state::signal_descendants(tree& of) {
  of.killed += of.signal == SIGKILL ? of.members.size() : 0;
  for (const auto& [pid, token] : of.members)
    os::send_signal(members_.at(token).pidfd.get(), of.signal);
  if (of.order.foster_start != 0) {
    signal_foster_tree(of);
    return;
  }
  auto found = of.order.leader_is_over ? std::vector<os::held_process>{}
                                       : os::descendants(proc_, of.order.leader, descendants_at_once);
  for (auto& one : found)
    if (one.group != of.order.leader)
      take(of, std::move(one), true);
  // The group at one blow, whatever forks in it. The number is the leader's until it is reaped.
  ::kill(-of.order.leader, of.signal);
}

/// A leader that is no child of the keeper's is reaped by somebody else, and its number may be another's right then: so
/// each process by its pidfd.
void tree_ender_state::signal_foster_tree(tree& of) {
  const auto leader =
      of.order.leader_is_over ? os::unique_fd{} : os::hold_started(proc_, of.order.leader, of.order.foster_start);
  if (!leader)
    return; // what it has left is found by the look
  auto found = os::descendants(proc_, of.order.leader, descendants_at_once);
  if (!os::send_signal(leader, 0))
    return;
  for (auto& one : found)
    take(of, std::move(one), true);
  os::send_signal(leader, of.signal);
}

/// Holds it until it has ended; it is sent the tree's signal first where that is to be, and SIGKILL in any case.
void tree_ender_state::take(tree& of, os::held_process found, bool is_to_be_asked) {
  if (of.members.contains(found.pid))
    return; // while it is held and its end has not been seen, the number is its own
  if (of.signal == SIGKILL || is_to_be_asked) {
    if (!os::send_signal(found.pidfd, of.signal) && errno == EPERM) {
      self_->send(recorder_, journal_packet(severity::warning, of.order.label, found.pid,
                                            "runs as another user and cannot be ended: it is left alone"));
      return;
    }
    of.killed += of.signal == SIGKILL ? 1 : 0;
  }
  watched_fd watched{loop_, std::move(found.pidfd), caf::weak_actor_ptr{self_->ctrl()}};
  watched.arm(EPOLLIN);
  const auto token = watched.token();
  of.members.emplace(found.pid, token);
  members_.emplace(token, member{std::move(watched), {of.order.id, of.order.gen}});
}

void tree_ender_state::on_ended_member(const fd_ready& ready) {
  const auto at = members_.find(ready.token);
  if (at == members_.end())
    return;
  auto& of = trees_.at(at->second.of);
  members_.erase(at);
  std::erase_if(of.members, [&](const auto& one) { return one.second == ready.token; });
  if (of.members.empty() && of.order.leader_is_over)
    want_look(of);
}

// -- looks ------------------------------------------------------------------------------------------------------------

void tree_ender_state::want_look(tree& of) {
  waiting_ += of.wants_look ? 0 : 1;
  of.wants_look = true;
  schedule_look();
}

void tree_ender_state::schedule_look() {
  if (waiting_ == 0 || (look_ != look_state::idle && look_ != look_state::delayed))
    return;
  const bool is_worth_waiting = leaders_alive_ > 0 && waiting_ < leaders_alive_;
  if (is_worth_waiting) {
    if (look_ == look_state::idle)
      look_in(gather_for, look_state::delayed);
    return;
  }
  look_in(0ms, look_state::due); // behind the orders that are in the mailbox
}

void tree_ender_state::look_in(std::chrono::milliseconds time, look_state meanwhile) {
  timer_.dispose();
  look_ = meanwhile;
  timer_ = self_->run_delayed(time, [this] { look(); });
}

void tree_ender_state::look() {
  if (waiting_ == 0) {
    look_ = look_state::idle;
    return;
  }
  look_ = look_state::asked;
  one_was_in_execve_ = one_had_ended_ = false;
  waiting_ = 0;
  for (auto& [launch, of] : trees_)
    of.is_in_look = std::exchange(of.wants_look, false);
  self_->send(launcher_, look_order{});
}

void tree_ender_state::on_orphans(const orphans_seen& seen) {
  if (look_ != look_state::asked)
    return;
  look_ = look_state::examining;
  to_examine_.assign(seen.pids.begin(), seen.pids.end());
  examine_some();
}

void tree_ender_state::examine_some() {
  for (size_t i = 0; i < examined_at_once && !to_examine_.empty(); ++i) {
    examine(to_examine_.front());
    to_examine_.pop_front();
  }
  if (to_examine_.empty())
    conclude_look();
  else
    self_->run_delayed(0ms, [this] { examine_some(); });
}

void tree_ender_state::examine(pid_t orphan) {
  auto held = os::hold(proc_, orphan);
  if (!held.pidfd) {
    one_had_ended_ = true;
    return;
  }
  auto* of = owner_of(held);
  if (of == nullptr)
    return;
  auto below = os::descendants(proc_, orphan, descendants_at_once);
  if (!os::send_signal(held.pidfd, 0))
    below.clear(); // the number may have been another's
  // The group of a leader that is the keeper's child has been sent the signal by its number.
  const auto is_to_be_asked = [&](const auto& one) {
    return of->is_unasked && (of->order.foster_start != 0 || one.group != of->order.leader);
  };
  for (auto& one : below) {
    const bool is_asked = is_to_be_asked(one);
    take(*of, std::move(one), is_asked);
  }
  const bool is_asked = is_to_be_asked(held);
  take(*of, std::move(held), is_asked);
}

/// Null: it is none of those that are being ended.
tree_ender_state::tree* tree_ender_state::owner_of(const os::held_process& orphan) {
  for (auto& [launch, of] : trees_) {
    const bool is_its_number = of.order.foster_start == 0 || !of.order.leader_is_over || !proc_.stat(of.order.leader);
    if (is_its_number && (orphan.group == of.order.leader || orphan.session == of.order.leader))
      return &of;
  }
  const auto variables = proc_.environment(orphan.pid);
  if (!variables)
    return nullptr;
  if (const auto mark = read_mark(*variables, home_)) {
    const auto at = trees_.find({mark->id, mark->gen});
    return at != trees_.end() ? &at->second : nullptr;
  }
  if (!variables->empty())
    return nullptr;
  const auto seen = proc_.stat(orphan.pid);
  one_had_ended_ |= !seen || seen->is_over();
  one_was_in_execve_ |= seen && !seen->is_over() && (!seen->has_environment || seen->environment_bytes > 0);
  return nullptr;
}

void tree_ender_state::conclude_look() {
  look_ = look_state::idle;
  const bool is_certain = !one_was_in_execve_ && !one_had_ended_;
  bool is_growing = false;
  for (auto at = trees_.begin(); at != trees_.end();) {
    auto& of = at->second;
    const auto next = std::next(at);
    if (std::exchange(of.is_in_look, false)) {
      of.is_unasked = false;
      if (is_certain && of.order.leader_is_over && of.members.empty()) {
        self_->send(of.app, tree_ended{of.order.gen, of.killed});
        drop(at);
      } else {
        if (of.order.leader_is_over && of.members.empty() && !of.wants_look) {
          of.wants_look = true;
          ++waiting_;
        }
        if (of.signal == SIGKILL && ++of.looks >= looks_in_a_row) {
          is_growing = true;
          if (of.looks == looks_in_a_row)
            self_->send(recorder_, journal_packet(severity::warning, of.order.label, of.order.leader,
                                                  "its processes fork faster than they can be killed; going on"));
        }
      }
    }
    at = next;
  }
  if (is_growing)
    look_in(pause_between_looks, look_state::paused);
  else if (one_was_in_execve_)
    look_in(execve_may_take, look_state::paused);
  else
    schedule_look();
}

} // namespace procvisor
