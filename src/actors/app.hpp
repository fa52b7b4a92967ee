#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <caf/disposable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/protocol.hpp"
#include "core/journal_line.hpp"
#include "core/log_paths.hpp"

namespace procvisor {

/// What an app's actor is made with.
struct app_setup {
  process_id id{};
  int instance = 0;
  shared_spec spec;
  shared_environment caller;
  std::string home;
  lifecycle state = {}; ///< a new process, or one that an earlier actor looked after
};

/// Looks after one process: feeds what happens into core/lifecycle and carries out what follows. The only writer of its
/// status; the registry is told of each change.
class app_state {
public:
  static inline const char* name = "procvisor.app";

  app_state(app_actor::pointer self, app_setup setup, launcher_actor launcher, recorder_link_actor recorder,
            tree_ender_actor tree_ender, registry_actor registry);
  app_actor::behavior_type make_behavior();

private:
  caf::result<process_view> on_request(app_verb verb);
  void on_exit(const process_exited& ended);
  void on_tree_ended(const tree_ended& over);
  void conclude_exit(const process_exited& ended, moment at);

  void happen(const lifecycle_event& event) { happen(event, now()); }
  void happen(const lifecycle_event& event, moment at);
  void perform(const lifecycle_effect& effect);
  void order_launch(generation gen);
  void signal_app(int signal);
  void order_tree_end(int signal);
  void arm(std::chrono::milliseconds after, lifecycle_event event);
  void report_change(process_status before);
  void answer_pending();

  moment now() const { return {self_->clock().now(), wall_clock::now()}; }
  process_view view() const;
  std::string label() const;
  void journal(severity level, const std::string& text);

  app_actor::pointer self_;
  app_setup it_;
  launcher_actor launcher_;
  recorder_link_actor recorder_;
  tree_ender_actor tree_ender_;
  registry_actor registry_;
  /// The process is over, and waits as a zombie until nothing of its tree is alive. To everybody it is stopping.
  std::optional<std::pair<process_exited, moment>> remains_of_;
  generation tree_ordered_{0}; ///< the newest launch whose tree the tree_ender has been told of
  caf::disposable timer_;      ///< the kill timer or the restart timer: never both
  std::vector<caf::typed_response_promise<process_view>> pending_;
  bool is_removed_ = false;
};

using app_impl = app_actor::stateful_impl<app_state>;

} // namespace procvisor
