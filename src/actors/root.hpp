#pragma once

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/launcher.hpp"
#include "actors/protocol.hpp"
#include "actors/rpc_server.hpp"

namespace procvisor {

/// What the keeper gave this daemon.
struct daemon_setup {
  std::string home;
  pid_t keeper_pid = 0;
  std::string keeper_version;
  uint32_t restarts = 0;
  keeper::origin from = keeper::origin::new_home;
  std::shared_ptr<launcher_setup> launcher;
  shared_fd recorder;
  shared_fd listener;
  saved_state state;              ///< what an earlier daemon has written down
  std::vector<std::string> found; ///< after the loss of a keeper: what was taken back and what was not, a line each
};

/// Makes the daemon's actors; clients are answered when the registry knows what the keeper holds from an earlier daemon.
/// Ends them in order: apps first, then the keeper, then everybody. One that fails is a bug after which nothing here can be relied on: the process ends, and the keeper starts a new one.
class root_state {
public:
  static inline const char* name = "procvisor.root";

  root_state(root_actor::pointer self, daemon_setup setup);
  root_actor::behavior_type make_behavior();

private:
  void on_held(const held_launches& held);
  void end_all(caf::exit_reason reason);

  root_actor::pointer self_;
  shared_fd listener_; ///< until it is listened on
  session_peers peers_;
  recorder_link_actor recorder_;
  launcher_actor launcher_;
  tree_ender_actor tree_ender_;
  cron_scheduler_actor cron_;
  file_watcher_actor file_watcher_;
  memory_guard_actor memory_guard_;
  registry_actor registry_;
  sampler_actor sampler_;
  rpc_server_actor rpc_server_;
};

using root_impl = root_actor::stateful_impl<root_state>;

/// `procvisor daemon`: runs until it is told to end or the keeper is gone. Returns the exit status of the process.
int run_daemon(const std::string& home, int keeper_fd);

} // namespace procvisor
