/// The listening sockets that outlive the processes which serve on them: those of clusters, which their balancers open, and
/// those of the key `listen`.
#include <unistd.h>

#include <algorithm>

#include <caf/send.hpp>

#include "actors/cluster_balancer.hpp"
#include "actors/registry.hpp"

namespace procvisor {

namespace {

/// Different in each daemon, so that a late answer to an earlier one is not taken for one to this.
uint64_t first_connection() {
  return static_cast<uint64_t>(::getpid()) << 24;
}

} // namespace

void registry_state::adopt_sockets(const std::vector<keep_socket>& held) {
  for (const auto& one : held) {
    if (const auto listener = kept_listener_from(one.text); listener && !with_name(listener->app).empty()) {
      sockets_.adopt(*listener, one.fd);
      continue;
    }
    const auto socket = cluster::kept_socket_from(one.text);
    const auto of = std::ranges::find_if(processes_, [&](const auto& item) {
      return socket && item.second.listed.spec->name == socket->app && item.second.listed.spec->is_cluster;
    });
    if (of == processes_.end()) // of a version that is not this one, or of an app that has been deleted
      self_->send(launcher_, keep_socket{one.text, nullptr});
    else
      self_->send(balancer_for(*of->second.listed.spec), adopted_socket{*socket, one.fd});
  }
}

cluster_balancer_actor registry_state::balancer_for(const app_spec& spec) {
  if (!spec.is_cluster)
    return {};
  auto& balancer = balancers_[spec.name];
  if (!balancer)
    balancer = self_->spawn<cluster_balancer_impl, caf::monitored>(spec.name, launcher_, first_connection());
  return balancer;
}

caf::result<void> registry_state::on_hold_connections() {
  auto answer = self_->make_response_promise<void>();
  const auto missing = std::make_shared<size_t>(balancers_.size());
  const auto answered = [missing, answer = std::make_shared<caf::typed_response_promise<void>>(answer)] {
    if (--*missing == 0)
      answer->deliver();
  };
  for (const auto& [app, balancer] : balancers_)
    self_->request(balancer, caf::infinite, hold_connections{})
        .then([answered] { answered(); }, [answered](const caf::error&) { answered(); });
  if (balancers_.empty())
    answer.deliver();
  return answer;
}

void registry_state::release_sockets_of(const std::string& app) {
  std::set<std::string> wanted;
  bool is_up = false;
  for (const auto& [id, at] : processes_) {
    const auto& listed = at.listed;
    if (listed.spec->name != app || listed.view.status == process_status::stopped
        || listed.view.status == process_status::errored)
      continue;
    is_up = true;
    wanted.insert(listed.spec->listen.begin(), listed.spec->listen.end());
  }
  sockets_.keep_only(app, wanted);
  if (const auto balancer = balancers_.find(app); balancer != balancers_.end() && !is_up)
    self_->send(balancer->second, release_sockets{});
}

caf::result<void> registry_state::on_launch(const launch_order& order) {
  if (order.spec->listen.empty())
    return self_->delegate(launcher_, order);
  auto sockets = sockets_.of(*order.spec);
  if (!sockets) {
    self_->send(caf::actor_cast<app_actor>(self_->current_sender()),
                launch_refused{order.gen, std::move(sockets.error().what), false});
    return caf::unit;
  }
  auto with_sockets = order;
  with_sockets.sockets = *std::move(sockets);
  return self_->delegate(launcher_, std::move(with_sockets));
}

} // namespace procvisor
