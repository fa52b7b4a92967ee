#include "actors/app.hpp"

#include <csignal>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/recorder_link.hpp"
#include "actors/support.hpp"
#include "core/signal_name.hpp"
#include "rpc/recorder_wire.hpp"

namespace procvisor {

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

} // namespace

app_state::app_state(app_actor::pointer self, app_setup setup, launcher_actor launcher, recorder_link_actor recorder,
                     tree_ender_actor tree_ender, registry_actor registry)
  : self_(self), it_(std::move(setup)), launcher_(std::move(launcher)), recorder_(std::move(recorder)),
    tree_ender_(std::move(tree_ender)), registry_(std::move(registry)) {
}

app_actor::behavior_type app_state::make_behavior() {
  keep_quiet(self_);
  return {
      [this](const app_request& request) { return on_request(request.verb); },
      [this](const new_declaration& declaration) {
        it_.spec = declaration.spec;
        it_.caller = declaration.caller;
      },
      [this](const launch_done& done) {
        happen(launched{done.gen, done.pid});
      },
      [this](const launch_refused& refused) {
        happen(launch_failed{refused.gen, refused.reason, refused.is_transient});
      },
      [this](const process_exited& ended) { on_exit(ended); },
      [this](const tree_ended& over) { on_tree_ended(over); },
  };
}

caf::result<process_view> app_state::on_request(app_verb verb) {
  auto answer = self_->make_response_promise<process_view>();
  pending_.push_back(answer);
  switch (verb) {
    case app_verb::start:
      happen(start_requested{});
      break;
    case app_verb::restart:
      happen(restart_requested{});
      break;
    case app_verb::stop:
      happen(stop_requested{});
      break;
    case app_verb::remove:
      happen(delete_requested{});
      break;
  }
  return answer;
}

void app_state::on_exit(const process_exited& ended) {
  if (ended.gen != it_.state.gen || it_.state.pid <= 0) {
    conclude_exit(ended, now()); // of an earlier launch
    return;
  }
  if (remains_of_)
    return; // said twice
  journal(severity::info, fmt::format("ended with {} after {} ms", describe(ended.status),
                                      std::chrono::duration_cast<std::chrono::milliseconds>(
                                          self_->clock().now() - it_.state.started_at.steady)
                                          .count()));
  if (!it_.spec->treekill || !ended.may_have_left_some) {
    conclude_exit(ended, now());
    return;
  }
  remains_of_.emplace(ended, now());
  if (it_.state.status == process_status::stopping) {
    order_tree_end(0); // what it has started was asked to end as well, and has until kill_timeout
  } else {
    timer_.dispose();
    order_tree_end(SIGKILL);
  }
  self_->send(registry_, process_changed{view()});
}

void app_state::on_tree_ended(const tree_ended& over) {
  if (!remains_of_ || remains_of_->first.gen != over.gen)
    return;
  if (over.killed > 0)
    journal(severity::warning, fmt::format("killed {} of the processes that it had started", over.killed));
  const auto [ended, at] = *std::exchange(remains_of_, {});
  conclude_exit(ended, at);
}

void app_state::conclude_exit(const process_exited& ended, moment at) {
  if (tree_ordered_ == ended.gen)
    self_->send(tree_ender_, tree_settled{it_.id, ended.gen});
  self_->send(launcher_, reap_order{it_.id, ended.gen});
  self_->send(recorder_, recorder_packet{nlohmann::json{{"op", recorder_wire::op::ended},
                                                        {"id", static_cast<uint32_t>(it_.id)},
                                                        {"generation", static_cast<uint64_t>(ended.gen)}}
                                             .dump(),
                                         {}});
  happen(exited{ended.gen, ended.status}, at);
}

void app_state::happen(const lifecycle_event& event, moment at) {
  if (is_removed_)
    return;
  const auto before = it_.state.status;
  auto [next, effects] = step(std::move(it_.state), *it_.spec, event, at);
  it_.state = std::move(next);
  for (const auto& effect : effects)
    perform(effect);
  report_change(before);
  if (is_settled(it_.state))
    answer_pending();
  if (is_removed_)
    self_->quit();
}

void app_state::perform(const lifecycle_effect& effect) {
  std::visit(
      overloaded{
          [this](const launch& order) { order_launch(order.gen); },
          [this](const terminate& stop) { signal_app(stop.signal); },
          [this](const kill_now&) {
            const auto& last = it_.spec->kill_signal.back();
            journal(severity::warning, last.signal == SIGKILL
                                           ? "sending SIGKILL"
                                           : fmt::format("still there {} ms after {}: sending SIGKILL",
                                                         last.patience.value_or(it_.spec->kill_timeout).count(),
                                                         signal_name(last.signal)));
            signal_app(SIGKILL);
          },
          [this](const start_kill_timer& wait) { arm(wait.after, kill_timer_due{it_.state.gen}); },
          [this](const start_restart_timer& wait) { arm(wait.after, restart_timer_due{it_.state.gen}); },
          [this](const cancel_timers&) { timer_.dispose(); },
          [this](const remove_process&) {
            is_removed_ = true;
            self_->send(
                recorder_,
                recorder_packet{
                    nlohmann::json{{"op", recorder_wire::op::forget}, {"id", static_cast<uint32_t>(it_.id)}}.dump(),
                    {}});
          },
      },
      effect);
}

void app_state::order_launch(generation gen) {
  const auto& spec = *it_.spec;
  const auto argv = launch_argv(spec);
  auto files = resolve_log_paths(spec, it_.id, it_.home);
  self_->send(launcher_, launch_order{.id = it_.id,
                                      .gen = gen,
                                      .label = label(),
                                      .recipe = std::make_shared<launch_recipe>(
                                          argv.front(), argv,
                                          launch_environment(spec, *it_.caller, {it_.id, gen, it_.instance, it_.home})),
                                      .spec = it_.spec,
                                      .files = std::move(files)});
}

void app_state::signal_app(int signal) {
  // The keeper does not reap it before reap_order, so the number is still its own.
  if (it_.state.pid <= 0)
    return;
  if (it_.spec->treekill)
    order_tree_end(signal);
  else
    ::kill(it_.state.pid, signal);
}

void app_state::order_tree_end(int signal) {
  tree_ordered_ = it_.state.gen;
  self_->send(tree_ender_, tree_order{.id = it_.id,
                                      .gen = it_.state.gen,
                                      .label = label(),
                                      .leader = it_.state.pid,
                                      .leader_is_over = remains_of_.has_value(),
                                      .signal = signal});
}

void app_state::arm(std::chrono::milliseconds after, lifecycle_event event) {
  timer_.dispose();
  timer_ = self_->run_delayed(after, [this, event = std::move(event)] { happen(event); });
}

void app_state::report_change(process_status before) {
  const auto& now = it_.state;
  if (now.status != before || now.status == process_status::online) {
    switch (now.status) {
      case process_status::online:
        if (before != now.status)
          journal(severity::info, "online");
        break;
      case process_status::waiting_restart:
        journal(severity::info, fmt::format("starts again in {} ms{}{}", now.delay.count(),
                                            now.reason.empty() ? "" : ": ", now.reason));
        break;
      case process_status::errored:
        journal(severity::error, "errored: " + now.reason);
        break;
      case process_status::stopped:
        journal(severity::info, now.reason.empty() ? "stopped" : "stopped: " + now.reason);
        break;
      case process_status::stopping:
      case process_status::launching:
        break;
    }
  }
  if (is_removed_)
    self_->send(registry_, process_removed{it_.id, it_.state.gen});
  else
    self_->send(registry_, process_changed{view()});
}

void app_state::answer_pending() {
  for (auto& answer : std::exchange(pending_, {}))
    answer.deliver(view());
}

process_view app_state::view() const {
  const auto& s = it_.state;
  return {.id = it_.id,
          .gen = s.gen,
          .pid = remains_of_ ? 0 : s.pid,
          .status = remains_of_ ? process_status::stopping : s.status,
          .instance = it_.instance,
          .restarts = s.restarts,
          .unstable_restarts = s.unstable_restarts,
          .created_at = s.asked_at.wall,
          .started_at = s.started_at.wall,
          .exit_code = s.last_exit.code,
          .exit_signal = s.last_exit.signal,
          .reason = s.reason};
}

std::string app_state::label() const {
  return fmt::format("{}:{}", it_.spec->name, static_cast<uint32_t>(it_.id));
}

void app_state::journal(severity level, const std::string& text) {
  self_->send(recorder_, journal_packet(level, label(), it_.state.pid, text));
}

} // namespace procvisor
