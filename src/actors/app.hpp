#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <caf/disposable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/app_talk.hpp"
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
  lifecycle state = {};                 ///< a new process, or one that an earlier actor looked after
  cluster_balancer_actor balancer = {}; ///< null: it is in no cluster
  bool is_listed = true;                ///< false: a successor, or what one has replaced
};

/// Looks after one process: feeds what happens into core/lifecycle and carries out what follows. The only writer of its
/// status; the registry is told of each change.
class app_state : private app_talk::listener {
public:
  static inline const char* name = "procvisor.app";

  app_state(app_actor::pointer self, app_setup setup, launcher_actor launcher, recorder_link_actor recorder,
            tree_ender_actor tree_ender, cron_scheduler_actor cron, registry_actor registry);
  app_actor::behavior_type make_behavior();

private:
  struct pending_request {
    awaited what{};
    caf::typed_response_promise<app_answer> promise;
  };

  caf::result<app_answer> on_request(const app_request& request);
  void on_cron_due();
  void tell_cron(bool had_times);
  void on_launched(const launch_done& done);
  void on_exit(const process_exited& ended);
  void on_tree_ended(const tree_ended& over);
  void conclude_exit(const process_exited& ended, moment at);
  void on_held(const held_launch& held);
  /// The recorder is to read what the newest launch writes. Without fds: from the pipes that the keeper has passed on.
  void open_output(pid_t pid, std::vector<shared_fd> fds);

  void happen(const lifecycle_event& event) { happen(event, now()); }
  void happen(const lifecycle_event& event, moment at);
  void perform(const lifecycle_effect& effect);
  void hear_notifications(generation gen);
  void order_launch(generation gen);
  void watch_signs_of_life();
  void let_it_finish(bool with_message);
  void on_ready() override { happen(became_ready{it_.state.gen}); }
  void on_stopping() override;
  void on_more_time(std::chrono::milliseconds extension) override;
  void on_unwell(const std::string& why) override;
  void on_said(const ipc::said& message) override;
  void on_trouble(const std::string& text) override { journal(severity::warning, text); }
  void on_offers(const shared_offers& offers) override { self_->send(registry_, offers_changed{it_.id, offers}); }
  void on_cluster(const cluster::message& said) override;
  void on_closed() override { tell_balancer(worker_down{worker()}); }
  cluster::worker_key worker() const { return {it_.id, it_.state.gen}; }
  template <class Message>
  void tell_balancer(Message&& message);
  void note_taken_back(const held_launch& held);
  /// Its exit status was lost with its keeper. What it had started may still be there.
  void on_lost();
  /// start_ticks of a process that is no child of the keeper's; 0: it is one.
  uint64_t foster_start() const { return it_.state.is_foster ? it_.state.start_ticks : 0; }
  /// False: errno says why.
  bool signal_process(int signal) const;
  void ask_to_end(int signal);
  void signal_app(int signal);
  void order_tree_end(int signal);
  void let_go(generation gen);
  void arm(std::chrono::milliseconds after, lifecycle_event event);
  void tell_registry();
  void journal_change(life_phase before);
  /// Everybody who waits for it is told `what` came of it.
  void reply(const answer& what);
  void add_last_words(generation gen, std::vector<pending_request> meant, app_answer given);
  static void deliver(std::vector<pending_request>& to, const app_answer& given);
  void quit_if_done();

  moment now() const { return {self_->clock().now(), wall_clock::now()}; }
  process_view view() const;
  std::string label() const;
  void journal(severity level, const std::string& text);
  void journal_detail(const std::string& text); ///< for PROCVISOR_DEBUG

  app_actor::pointer self_;
  app_setup it_;
  launcher_actor launcher_;
  recorder_link_actor recorder_;
  tree_ender_actor tree_ender_;
  cron_scheduler_actor cron_;
  registry_actor registry_;
  app_talk talk_;
  /// The process is over, and waits as a zombie until nothing of its tree is alive. To everybody it is stopping.
  std::optional<std::pair<process_exited, moment>> remains_of_;
  generation tree_ordered_{0}; ///< the newest launch whose tree the tree_ender has been told of
  caf::disposable timer_;      ///< of the trial, the stop or the restart: never two of them
  steady_time timer_due_{};    ///< of the newest one
  std::vector<pending_request> pending_;
  std::vector<answer> answers_; ///< of the step under way: given when the registry has been told of the change
  size_t unsaid_ = 0;           ///< answers that wait for the last words of a process
  bool is_removed_ = false;
};

using app_impl = app_actor::stateful_impl<app_state>;

} // namespace procvisor
