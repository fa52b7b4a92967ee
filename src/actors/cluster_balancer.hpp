#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include <caf/disposable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/protocol.hpp"
#include "core/connection_dealer.hpp"

namespace procvisor {

/// The primary of one clustered app: opens the sockets that its workers ask for, accepts connections and deals them out
/// (core/connection_dealer), or hands over the sockets themselves.
///
/// A connection is accepted only when there is a worker to take it; until then it waits in the kernel. It is held here
/// until the worker has answered: one that is refused is given to another, and so is one that a worker had not answered
/// for when it ended.
///
/// The keeper holds the sockets too: another daemon goes on with them. It takes it that each of the workers which run since
/// before listens on all sockets of the app; one that does not refuses, and the connection goes to another.
///
/// A socket stays open while its app is being restarted, so that whoever connects meanwhile waits. It is closed when the
/// last worker there has closed its server of its own accord, when the others listen elsewhere, or when the app is stopped.
class cluster_balancer_state {
public:
  static inline const char* name = "procvisor.cluster_balancer";

  /// The connections are counted from `first` on.
  cluster_balancer_state(cluster_balancer_actor::pointer self, std::string app, launcher_actor launcher,
                         uint64_t first);
  cluster_balancer_actor::behavior_type make_behavior();

private:
  using worker_key = cluster::worker_key;

  struct worker {
    app_actor app;
    shared_spec spec;
    bool is_listening = false; ///< it has said so, and is not about to leave
    bool retires = false;
  };
  struct server {
    cluster::kept_socket what; ///< its query is the first one for it
    watched_fd socket;
    bool is_armed = false;
  };
  struct connection {
    std::string server;
    shared_fd fd;
    std::optional<worker_key> last; ///< who has it, or has refused it
    size_t refusals = 0;
  };

  void on_up(const worker_up& up);
  void on_adopted(const adopted_socket& socket);
  void on_said(const worker_said& said);
  void on_retires(const worker_key& who);
  void on_down(const worker_key& who);
  void on_query(const worker_key& who, const cluster::server_query& query);
  void on_answer(const worker_key& who, const cluster::connection_answer& answer);
  void on_lost_handle(const worker_key& who);
  void on_ready(const fd_ready& ready);

  int open(const std::string& key, const cluster::server_query& query, const app_spec& spec); ///< 0 or errno
  void take_connections(const std::string& key, server& from);
  void give(connection what);
  void deal_waiting();
  void arm_where_possible();
  void close(const std::string& key);
  void tell(const worker_key& who, std::string line, shared_fd fd = {});

  cluster_balancer_actor::pointer self_;
  event_loop& loop_;
  std::map<worker_key, worker> workers_;
  std::map<std::string, server> servers_;
  cluster::connection_dealer dealer_;
  std::map<uint64_t, connection> unanswered_; ///< by the seq of newconn
  std::deque<connection> waiting_;            ///< accepted, and nobody can take them now
  caf::disposable retry_;
  std::string app_;
  launcher_actor launcher_;
  uint64_t newest_;
  bool is_holding_ = false; ///< no more connections are taken
};

using cluster_balancer_impl = cluster_balancer_actor::stateful_impl<cluster_balancer_state>;

} // namespace procvisor
