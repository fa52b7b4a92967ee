#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/app_sockets.hpp"
#include "actors/event_desk.hpp"
#include "actors/protocol.hpp"
#include "actors/state_book.hpp"
#include "actors/watch_desk.hpp"
#include "core/reload_plan.hpp"
#include "core/targets.hpp"

namespace procvisor {

/// The actors that the registry and the apps' actors speak with.
struct registry_peers {
  launcher_actor launcher = {};
  recorder_link_actor recorder = {};
  tree_ender_actor tree_ender = {};
  cron_scheduler_actor cron = {};
  file_watcher_actor file_watcher = {};
  memory_guard_actor memory_guard = {};
};

/// Knows every process by id, name and namespace: gives out ids, resolves targets, passes requests to the apps' actors
/// and gathers their answers. What it says of a process is what that process's actor said last, and it has written that
/// down before anything follows from it.
class registry_state {
public:
  static inline const char* name = "procvisor.registry";

  /// `earlier`: what another daemon has written down. Its apps wait for the first held_launches.
  registry_state(registry_actor::pointer self, std::string home, saved_state earlier, registry_peers peers);
  ~registry_state(); ///< its apps' actors end with it
  registry_actor::behavior_type make_behavior();

private:
  /// During a reload a second actor looks after the same slot: the successor of what is listed, or what has been replaced.
  struct second_life {
    app_actor app;
    bool is_successor = false;
    lifecycle state = {};
    process_view view = {};
    shared_offers offers = {};
  };
  struct entry {
    app_actor app;
    listed_process listed;
    bool is_leaving = false;                  ///< asked to end and be deleted, and to nothing else since
    lifecycle state;                          ///< of which listed.view shows a part
    std::unique_ptr<second_life> second = {}; ///< null: nearly always
    memory_entry guarded = {};                ///< what the memory_guard was told last
  };
  /// One command under way: what has been answered, and how much is still to come.
  struct gathering {
    caf::typed_response_promise<outcome> answer;
    outcome so_far;
    size_t missing = 0;
    bool is_complete = false; ///< every request has been sent
  };
  using shared_gathering = std::shared_ptr<gathering>;
  /// What processes are to run, by id.
  using declarations = std::map<process_id, new_declaration>;
  /// One reload under way (registry_reload.cpp).
  struct reload {
    reload_plan plan;
    reload_manner manner;
    declarations wanted;
    shared_gathering gathered;
    restart_cause cause = {};
    std::set<std::string> failed = {}; ///< apps of which that has been said
  };
  using shared_reload = std::shared_ptr<reload>;

  caf::result<void> on_launch(const launch_order& order);
  caf::result<outcome> on_start(const start_apps& request);
  caf::result<outcome> on_act(const act_on& request);
  caf::result<outcome> on_pass_on(const pass_on_to& order);
  caf::result<outcome> on_scale(const scale_app& request);
  caf::result<dumped> on_dump(const dump_list& request);
  caf::result<outcome> on_resurrect(const resurrect_list& request);
  found_processes on_find(const find_processes& request);
  void on_app_down(const caf::down_msg& down);
  void on_held(const held_launches& held);
  void on_changed(const process_changed& changed);

  /// The new declarations of these processes; of all or none of them.
  result<declarations> changed(const std::set<process_id>& meant, const declaration_change& wanted) const;
  void declare(process_id id, const shared_spec& spec, const shared_environment& caller);
  void start_one(const start_apps& request, const shared_spec& spec, declarations& to_reload,
                 const shared_gathering& gathered);

  void begin_reload(declarations wanted, const reload_manner& manner, const shared_gathering& gathered,
                    const restart_cause& cause = {});
  void proceed(const shared_reload& work, const reload_event& event);
  void start_successor_of(process_id id, const shared_reload& work);
  void restart_instead(process_id id, const shared_reload& work);
  void on_successor(process_id id, const shared_reload& work, const app_answer& answer);
  void let_successor_take_over(process_id id, const shared_reload& work);
  void discard_successor_of(process_id id, const shared_reload& work);
  void conclude_reload(const shared_reload& work);
  void fail_reload(process_id id, const shared_reload& work, const app_answer& answer, const char* consequence);
  void overtake_reloads(const std::string& app);
  /// What a reload has left behind, or an actor that has failed: it is to end in order.
  void let_leave(entry& of, const held_launch& left);
  void on_second_removed(process_id id);
  void end_second(const entry& of, const shared_gathering& gathered);
  void on_other_down(const caf::down_msg& down);
  bool is_from_second(const entry& at) const;

  /// Two of its processes can serve at a time: the sockets are not theirs.
  static bool can_overlap(const app_spec& spec);
  /// Nobody has asked for it: what can be reloaded is reloaded (registry_restart.cpp).
  void restart_because(const std::map<process_id, restart_cause>& due);
  void restart_postponed(const reload& over);
  void on_memory_exceeded(const memory_exceeded& said);
  void guard_memory(entry& of);
  void note_command(process_id id, app_verb verb);
  void note_watch_trouble(process_id id, outcome& of) const;

  cluster_balancer_actor balancer_for(const app_spec& spec);
  void release_sockets_of(const std::string& app);
  caf::result<void> on_hold_connections();
  void adopt_sockets(const std::vector<keep_socket>& held);
  /// The name that all processes have which the target means.
  result<std::string> app_meant_by(const std::string& target) const;
  result<size_t> wanted_count(const scale_app& request, const std::string& app, size_t now) const;
  std::vector<process_id> by_slot(const std::string& app) const;
  process_id add(const shared_spec& spec, const shared_environment& caller, int instance);
  /// The lowest ones.
  std::vector<int> free_slots(const std::string& app, size_t count) const;
  /// The id that the slot had before, where there was one.
  process_id id_for(const std::string& app, int instance);
  void forget(const process_removed& removed);
  void add(process_record record);
  void spawn_app(entry& of, lifecycle state);
  app_actor spawn_app(const entry& of, const new_declaration& declared, lifecycle state, bool is_listed);
  template <class Request> // app_request or pass_on
  void ask(process_id id, const Request& request, const shared_gathering& gathered);
  static void deliver_if_complete(const shared_gathering& gathered);

  /// Each once, in the order of their ids.
  std::set<process_id> resolve(const std::vector<std::string>& targets, const std::string& cwd,
                               std::vector<failed_target>& failed) const;
  void add_earlier(saved_state earlier);
  static process_record record_of(const entry& of);
  saved_state everything() const;

  std::vector<process_id> with_name(const std::string& wanted) const;
  std::vector<targetable> targetables() const;

  registry_actor::pointer self_;
  std::string home_;
  launcher_actor launcher_;
  recorder_link_actor recorder_;
  tree_ender_actor tree_ender_;
  cron_scheduler_actor cron_;
  memory_guard_actor memory_guard_;
  std::map<process_id, entry> processes_;
  std::map<std::string, cluster_balancer_actor> balancers_; ///< by app
  app_sockets sockets_;
  std::vector<shared_reload> reloads_;            ///< under way
  std::map<process_id, restart_cause> postponed_; ///< until the reload that is under way is over
  state_book book_;
  watch_desk watch_;
  event_desk events_;
  bool is_adopting_ = true; ///< until the keeper has said what it holds
  uint32_t next_id_ = 0;
  /// The ids that deleted processes of a listed app had, by slot: never more than the app had processes at once.
  std::map<std::string, std::map<int, process_id>> former_ids_;
  generation newest_{0}; ///< of all deleted processes: an id that is given out again goes on from there
};

using registry_impl = registry_actor::stateful_impl<registry_state>;

} // namespace procvisor
