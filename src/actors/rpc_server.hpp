#pragma once

#include <deque>
#include <memory>
#include <unordered_map>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/protocol.hpp"

namespace procvisor {

/// Whom sessions speak with, and what they share.
struct session_peers {
  registry_actor registry;
  sampler_actor sampler;
  recorder_link_actor recorder;
  launcher_actor launcher;
  root_actor root;
  std::string home;
  pid_t keeper_pid = 0;
  std::string keeper_version;
  bool keeper_has_returned = false; ///< from a newer one that could not go on
  /// By this daemon, after the loss of a keeper: a line each.
  std::shared_ptr<const std::vector<std::string>> found = std::make_shared<const std::vector<std::string>>();
  /// What all sessions hold of requests and replies, in bytes.
  std::shared_ptr<size_t> held_bytes = std::make_shared<size_t>(0);
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
  void on_ready();
  /// The session that is there for the longest time and has nothing to do ends, if there is one.
  void make_room_for_another();

  rpc_server_actor::pointer self_;
  watched_fd listener_;
  session_peers peers_;
  size_t most_sessions_; ///< more clients than these wait in the backlog, unless a session has nothing to do
  std::deque<caf::actor_addr> by_age_; ///< those asked for room at the end
  size_t to_ask_ = 0;                  ///< for room, from its front on
  /// An actor that nobody refers to ends, hence the handles.
  std::unordered_map<caf::actor_addr, session_actor> sessions_;
};

using rpc_server_impl = rpc_server_actor::stateful_impl<rpc_server_state>;

} // namespace procvisor
