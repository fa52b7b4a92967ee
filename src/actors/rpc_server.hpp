#pragma once

#include <unordered_map>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/protocol.hpp"

namespace procvisor {

/// Whom sessions speak with.
struct session_peers {
  registry_actor registry;
  sampler_actor sampler;
  recorder_link_actor recorder;
  root_actor root;
  std::string home;
  pid_t keeper_pid = 0;
};

/// Takes connections from the socket that the keeper holds, and gives each a session; only those of the daemon's own
/// user and of root.
class rpc_server_state {
public:
  static inline const char* name = "procvisor.rpc_server";

  rpc_server_state(rpc_server_actor::pointer self, shared_fd listener, session_peers peers);
  ~rpc_server_state(); ///< its sessions end with it
  rpc_server_actor::behavior_type make_behavior();

private:
  /// More clients than this wait in the backlog.
  static constexpr size_t most_sessions = 1024;

  void on_ready();

  rpc_server_actor::pointer self_;
  watched_fd listener_;
  session_peers peers_;
  /// An actor that nobody refers to ends, hence the handles.
  std::unordered_map<caf::actor_addr, session_actor> sessions_;
};

using rpc_server_impl = rpc_server_actor::stateful_impl<rpc_server_state>;

} // namespace procvisor
