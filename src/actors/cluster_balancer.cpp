#include "actors/cluster_balancer.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "actors/support.hpp"
#include "os/listening_socket.hpp"

namespace procvisor {

namespace {

using namespace std::chrono_literals;

/// Then the other actors have their turn.
constexpr int connections_at_once = 64;
/// Of one app: enough for any program that means it.
constexpr size_t most_servers = 256;
/// For want of descriptors, or of a worker that accepts: nothing will tell when there is one again.
constexpr auto pause_before_retry = 100ms;

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

shared_fd duplicate(int fd) {
  return std::make_shared<os::unique_fd>(os::duplicate(fd));
}

bool is_udp(cluster::address_kind kind) {
  return kind == cluster::address_kind::udp4 || kind == cluster::address_kind::udp6;
}

} // namespace

cluster_balancer_state::cluster_balancer_state(cluster_balancer_actor::pointer self, std::string app,
                                               launcher_actor launcher, uint64_t first)
  : self_(self), loop_(event_loop::of(self->system())), app_(std::move(app)), launcher_(std::move(launcher)),
    newest_(first) {
}

cluster_balancer_actor::behavior_type cluster_balancer_state::make_behavior() {
  keep_quiet(self_);
  return {
      [this](const worker_up& up) { on_up(up); },
      [this](const worker_said& said) { on_said(said); },
      [this](const worker_retires& retires) { on_retires(retires.who); },
      [this](const worker_down& down) { on_down(down.who); },
      [this](const release_sockets&) {
        while (!servers_.empty())
          close(servers_.begin()->first);
      },
      [this](const adopted_socket& socket) { on_adopted(socket); },
      [this](const hold_connections&) { is_holding_ = true; },
      [this](const fd_ready& ready) { on_ready(ready); },
  };
}

// -- workers ------------------------------------------------------------------------------------------------------------

void cluster_balancer_state::on_up(const worker_up& up) {
  auto& added = workers_[up.who];
  added.app = caf::actor_cast<app_actor>(self_->current_sender());
  added.spec = up.spec;
  added.is_listening = up.was_adopted;
  if (!up.was_adopted)
    return;
  for (const auto& [key, one] : servers_)
    dealer_.listens(up.who, key);
  arm_where_possible();
}

void cluster_balancer_state::on_adopted(const adopted_socket& socket) {
  auto& added = servers_[cluster::key_of(socket.what.query)];
  added.what = socket.what;
  added.socket = watched_fd{loop_, std::move(*socket.fd), caf::weak_actor_ptr{self_->ctrl()}};
}

void cluster_balancer_state::on_said(const worker_said& said) {
  const auto at = workers_.find(said.who);
  if (at == workers_.end())
    return; // it has ended
  std::visit(overloaded{
                 [&](const cluster::server_query& query) { on_query(said.who, query); },
                 [&](const cluster::listening&) { at->second.is_listening = !at->second.retires; },
                 [&](const cluster::server_closed& closed) {
                   dealer_.closed(said.who, closed.key);
                   if (!at->second.retires && !dealer_.has_listener(closed.key))
                     close(closed.key);
                 },
                 [&](const cluster::connection_answer& answer) { on_answer(said.who, answer); },
                 [&](const cluster::leaving& left) {
                   on_retires(said.who);
                   tell(said.who, cluster::acknowledgement(left.seq));
                 },
                 [&](const cluster::handle_refused&) { on_lost_handle(said.who); },
                 [](const cluster::noted&) {},
             },
             said.what);
}

void cluster_balancer_state::on_retires(const worker_key& who) {
  const auto at = workers_.find(who);
  if (at == workers_.end())
    return;
  at->second.retires = true;
  at->second.is_listening = false;
  dealer_.retires(who);
}

void cluster_balancer_state::on_down(const worker_key& who) {
  if (workers_.erase(who) == 0)
    return;
  const auto left = dealer_.servers_of(who);
  dealer_.gone(who);
  for (auto at = unanswered_.begin(); at != unanswered_.end();) {
    const auto next = std::next(at);
    if (at->second.last == who) {
      auto orphaned = std::move(at->second);
      unanswered_.erase(at);
      give(std::move(orphaned));
    }
    at = next;
  }
  const bool others_serve = std::ranges::any_of(workers_, [](const auto& item) { return item.second.is_listening; });
  for (const auto& key : left)
    if (others_serve && !dealer_.has_listener(key))
      close(key);
}

// -- servers ------------------------------------------------------------------------------------------------------------

void cluster_balancer_state::on_query(const worker_key& who, const cluster::server_query& query) {
  const auto& spec = *workers_.at(who).spec;
  const auto key = cluster::key_of(query);
  if (!servers_.contains(key))
    if (const int failed = open(key, query, spec)) {
      tell(who, cluster::failed_answer(query.seq, key, query.data, failed));
      return;
    }
  auto& asked = servers_.at(key);
  dealer_.listens(who, key);
  if (asked.what.is_shared) {
    tell(who, cluster::shared_answer(query.seq, key, asked.what.query.data), duplicate(asked.socket.get()));
    return;
  }
  tell(who, cluster::dealt_answer(query.seq, key, asked.what.query.data, os::name_of(asked.socket.get())));
  deal_waiting();
  arm_where_possible();
}

int cluster_balancer_state::open(const std::string& key, const cluster::server_query& query, const app_spec& spec) {
  if (servers_.size() >= most_servers)
    return EMFILE;
  std::optional<os::socket_owner> owner;
  if (spec.uid)
    owner = os::socket_owner{*spec.uid, spec.gid.value_or(static_cast<gid_t>(*spec.uid))};
  auto made = os::listen_for(query, spec.cwd, owner);
  if (!made)
    return made.error();
  auto& added = servers_[key];
  added.what = {.app = app_,
                .query = query,
                .path = query.kind == cluster::address_kind::path ? os::path_of(query, spec.cwd) : std::string{},
                .is_shared = is_udp(query.kind) || spec.cluster_policy == cluster_policy::shared};
  self_->send(launcher_, keep_socket{cluster::to_text(added.what), duplicate(made->get())});
  added.socket = watched_fd{loop_, std::move(*made), caf::weak_actor_ptr{self_->ctrl()}};
  return 0;
}

void cluster_balancer_state::close(const std::string& key) {
  const auto at = servers_.find(key);
  if (at == servers_.end())
    return;
  const auto& what = at->second.what;
  if (!what.path.empty())
    ::unlink(what.path.c_str());
  self_->send(launcher_, keep_socket{cluster::to_text(what), nullptr});
  std::erase_if(waiting_, [&](const connection& one) { return one.server == at->first; });
  servers_.erase(at);
}

// -- connections --------------------------------------------------------------------------------------------------------

void cluster_balancer_state::on_ready(const fd_ready& ready) {
  const auto at =
      std::ranges::find_if(servers_, [&](const auto& item) { return item.second.socket.token() == ready.token; });
  if (at == servers_.end())
    return; // closed since
  at->second.is_armed = false;
  take_connections(at->first, at->second);
}

void cluster_balancer_state::take_connections(const std::string& key, server& from) {
  for (int i = 0; i < connections_at_once; ++i) {
    if (is_holding_ || !waiting_.empty() || !dealer_.can_deal(key))
      return; // they wait in the kernel until somebody has answered
    auto taken = os::accept_connection(from.socket.get());
    if (!taken && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
      retry_.dispose();
      retry_ = self_->run_delayed(pause_before_retry, [this] { arm_where_possible(); });
      return;
    }
    if (!taken && errno == EAGAIN)
      break;
    if (taken) // otherwise it has gone before it was accepted
      give({.server = key, .fd = std::make_shared<os::unique_fd>(std::move(taken)), .last = {}});
  }
  arm_where_possible();
}

void cluster_balancer_state::give(connection what) {
  if (!servers_.contains(what.server))
    return;
  const bool goes_round_in_circles = what.refusals > workers_.size();
  const auto next = goes_round_in_circles ? std::nullopt : dealer_.deal(what.server, what.last);
  if (!next) {
    what.refusals = 0;
    what.last.reset();
    waiting_.push_back(std::move(what));
    if (goes_round_in_circles) {
      retry_.dispose();
      retry_ = self_->run_delayed(pause_before_retry, [this] { deal_waiting(); });
    }
    return;
  }
  what.last = *next;
  const auto seq = ++newest_;
  tell(*next, cluster::new_connection(what.server, seq), what.fd);
  unanswered_.emplace(seq, std::move(what));
}

void cluster_balancer_state::on_answer(const worker_key& who, const cluster::connection_answer& answer) {
  const auto at = unanswered_.find(answer.seq);
  if (at == unanswered_.end() || at->second.last != who)
    return; // answered before
  auto answered = std::move(at->second);
  unanswered_.erase(at);
  dealer_.answered(who);
  if (!answer.is_accepted) {
    ++answered.refusals;
    give(std::move(answered));
  }
  deal_waiting();
  arm_where_possible();
}

/// It answers for one after the other, so it is the first that has not arrived.
void cluster_balancer_state::on_lost_handle(const worker_key& who) {
  const auto at = std::ranges::find_if(unanswered_, [&](const auto& item) { return item.second.last == who; });
  if (at != unanswered_.end())
    on_answer(who, {at->first, false});
}

void cluster_balancer_state::deal_waiting() {
  for (auto left = waiting_.size(); left > 0; --left) {
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    give(std::move(first));
  }
  arm_where_possible();
}

void cluster_balancer_state::arm_where_possible() {
  if (!waiting_.empty())
    return;
  for (auto& [key, one] : servers_) {
    if (one.what.is_shared || one.is_armed || !dealer_.can_deal(key))
      continue;
    one.is_armed = true;
    one.socket.arm(EPOLLIN);
  }
}

void cluster_balancer_state::tell(const worker_key& who, std::string line, shared_fd fd) {
  if (const auto at = workers_.find(who); at != workers_.end())
    self_->send(at->second.app, for_worker{who.gen, std::move(line), std::move(fd)});
}

} // namespace procvisor
