#include "actors/app.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/recorder_link.hpp"
#include "actors/support.hpp"
#include "core/launch_recipe.hpp"
#include "core/signal_name.hpp"
#include "os/pidfd.hpp"
#include "os/process_tree.hpp"
#include "rpc/recorder_wire.hpp"

namespace procvisor {

namespace {

/// Bytes of stderr that a failed start shows at most.
constexpr size_t most_last_words = 4096;

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

} // namespace

app_state::app_state(app_actor::pointer self, app_setup setup, launcher_actor launcher, recorder_link_actor recorder,
                     tree_ender_actor tree_ender, cron_scheduler_actor cron, registry_actor registry)
  : self_(self), it_(std::move(setup)), launcher_(std::move(launcher)), recorder_(std::move(recorder)),
    tree_ender_(std::move(tree_ender)), cron_(std::move(cron)), registry_(std::move(registry)), talk_(self, *this) {
}

app_actor::behavior_type app_state::make_behavior() {
  keep_quiet(self_);
  tell_cron(false);
  return {
      [this](const app_request& request) { return on_request(request); },
      [this](const new_declaration& declaration) {
        const bool had_times = !it_.spec->cron_restart.empty();
        it_.spec = declaration.spec;
        it_.caller = declaration.caller;
        it_.balancer = declaration.balancer;
        tell_cron(had_times);
      },
      [this](const slot_standing& standing) {
        it_.state.newest = std::max(it_.state.newest, standing.newest);
        it_.is_listed = standing.is_listed;
        tell_registry(); // which counts on from there, too
      },
      [this](const for_worker& message) {
        if (message.gen == it_.state.gen)
          talk_.say_line(message.line, message.fd);
      },
      [this](const pass_on& order) {
        return talk_.take(order.what, it_.spec->name, view(), [this](int signal) { return signal_process(signal); });
      },
      [this](const fd_ready& ready) { talk_.on_event(ready); },
      [this](const launch_done& done) { on_launched(done); },
      [this](const launch_refused& refused) {
        happen(launch_failed{refused.gen, refused.reason, refused.is_transient});
      },
      [this](const process_exited& ended) { on_exit(ended); },
      [this](const tree_ended& over) { on_tree_ended(over); },
      [this](const held_launch& held) { on_held(held); },
      [this](const cron_due&) { on_cron_due(); },
      [this](const recorder_restarted&) {
        if (it_.state.phase == life_phase::launching || it_.state.pid > 0)
          open_output(it_.state.pid, {});
      },
  };
}

caf::result<app_answer> app_state::on_request(const app_request& request) {
  auto promise = self_->make_response_promise<app_answer>();
  const auto ask = [&](awaited what, const lifecycle_event& event) {
    pending_.push_back({what, promise});
    happen(event);
  };
  const auto running = request.until_it_runs ? awaited::run : awaited::launch;
  switch (request.verb) {
    case app_verb::start:
      if (remains_of_) // it is over: what is wanted is another process
        ask(running, restart_requested{});
      else
        ask(running, start_requested{});
      break;
    case app_verb::restart:
      if (!request.cause.text.empty())
        journal(severity::info, "restarting: " + request.cause.text);
      ask(running, restart_requested{request.cause});
      break;
    case app_verb::stop:
      ask(awaited::stop, stop_requested{});
      break;
    case app_verb::remove:
      ask(awaited::removal, delete_requested{});
      break;
    case app_verb::take_over:
      ask(awaited::run, takeover_requested{request.must_be_ready});
      break;
    case app_verb::retire:
      it_.is_listed = false;
      ask(awaited::removal, retire_requested{request.with_message});
      break;
    case app_verb::reset:
      happen(reset_requested{});
      promise.deliver(app_answer{view()});
      break;
  }
  return promise;
}

void app_state::tell_cron(bool had_times) {
  if (had_times || !it_.spec->cron_restart.empty())
    self_->send(cron_, cron_entry{it_.spec->cron_restart, it_.spec->cron_timezone});
}

void app_state::on_cron_due() {
  const auto status = status_of(it_.state.phase);
  const bool is_to_run = status != process_status::stopped && status != process_status::stopping && !remains_of_;
  if (!is_to_run || is_removed_ || !it_.is_listed)
    return;
  const restart_cause cause{restart_kind::cron, fmt::format("cron_restart '{}' is due", it_.spec->cron_restart)};
  journal(severity::info, "restarting: " + cause.text);
  happen(restart_requested{cause});
}

void app_state::on_launched(const launch_done& done) {
  if (done.gen == it_.state.gen) {
    talk_.begin(done.channel);
    if (done.channel)
      tell_balancer(worker_up{worker(), it_.spec});
  }
  happen(launched{done.gen, done.pid, done.start_ticks});
}

void app_state::on_exit(const process_exited& ended) {
  if (ended.gen != it_.state.gen || it_.state.pid <= 0) {
    conclude_exit(ended, now()); // of an earlier launch
    return;
  }
  if (remains_of_)
    return; // said twice
  talk_.end(view());
  tell_balancer(worker_down{worker()});
  journal(severity::info, fmt::format("ended with {} after {} ms", describe(ended.status),
                                      std::chrono::duration_cast<std::chrono::milliseconds>(
                                          self_->clock().now() - it_.state.started_at.steady)
                                          .count()));
  if (!it_.spec->treekill || !ended.may_have_left_some) {
    conclude_exit(ended, now());
    return;
  }
  remains_of_.emplace(ended, now());
  if (it_.state.phase == life_phase::stopping) {
    // What it has started has until kill_timeout, and has been asked to end unless the message went to the app alone.
    order_tree_end(it_.spec->shutdown_with_message ? it_.spec->kill_signal.front().signal : 0);
  } else {
    timer_.dispose();
    order_tree_end(SIGKILL);
  }
  tell_registry();
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
  happen(exited{ended.gen, ended.status}, at);
}

void app_state::on_held(const held_launch& held) {
  const bool was_made = held.pid > 0;
  const bool is_lost = !was_made && !held.is_over && it_.state.pid > 0;
  if (is_lost && it_.spec->treekill) {
    on_lost();
    return;
  }
  if (was_made)
    open_output(held.pid, held.fds);
  else if (held.is_over)
    let_go(held.gen); // before the launch that takes its place
  if (was_made && held.fds.size() > 2) {
    talk_.begin(held.fds[2]);
    tell_balancer(worker_up{worker(), it_.spec, true});
  }
  if (held.is_taken_back)
    note_taken_back(held);
  if (was_made)
    hear_notifications(held.gen);
  happen(adopted{held.gen, held.pid, held.start_ticks, held.is_foster});
  if (was_made && held.is_over)
    on_exit({held.gen, held.status});
  else if (was_made && it_.state.pid != held.pid) // its end is known, or it failed before its execve
    let_go(held.gen);
  else if (was_made)
    self_->send(launcher_, claim_launch{it_.id, held.gen});
  watch_signs_of_life();
}

void app_state::note_taken_back(const held_launch& held) {
  self_->send(recorder_, journal_packet(severity::warning, label(), held.pid,
                                        has_channel(*it_.spec)
                                            ? "taken back after the loss of the keeper; its IPC channel is closed"
                                            : "taken back after the loss of the keeper"));
}

void app_state::on_lost() {
  journal(severity::warning, "is no longer there, and how it has ended is not known");
  it_.state.is_foster = true; // whoever has its number now is a stranger
  it_.state.start_ticks = std::max(it_.state.start_ticks, uint64_t{1});
  remains_of_.emplace(process_exited{it_.state.gen, unseen_exit}, now());
  order_tree_end(SIGKILL);
  tell_registry();
}

void app_state::open_output(pid_t pid, std::vector<shared_fd> fds) {
  if (fds.size() > 2)
    fds.resize(2); // the third is its IPC channel
  self_->send(recorder_, open_packet(it_.id, it_.state.gen, pid, *it_.spec,
                                     resolve_log_paths(*it_.spec, it_.id, it_.home), std::move(fds)));
}

void app_state::let_go(generation gen) {
  self_->send(registry_, reap_order{it_.id, gen});
  self_->send(recorder_, recorder_packet{.what = recorder_packet::role::launch_end,
                                         .json = nlohmann::json{{"op", recorder_wire::op::ended},
                                                                {"id", static_cast<uint32_t>(it_.id)},
                                                                {"generation", static_cast<uint64_t>(gen)}}
                                                     .dump(),
                                         .id = it_.id,
                                         .gen = gen});
}

void app_state::happen(const lifecycle_event& event, moment at) {
  if (is_removed_)
    return;
  const auto before = it_.state.phase;
  auto [next, effects] = step(std::move(it_.state), *it_.spec, event, at);
  it_.state = std::move(next);
  tell_registry();
  if (const auto* over = std::get_if<exited>(&event)) // before a launch that follows it
    let_go(over->gen);
  for (const auto& effect : effects)
    perform(effect);
  if (it_.state.phase != before) {
    journal_change(before);
    watch_signs_of_life();
  }
  if (is_removed_)
    self_->send(registry_, process_removed{it_.id, newest_of(it_.state)});
  for (const auto& one : std::exchange(answers_, {}))
    reply(one);
  quit_if_done();
}

void app_state::perform(const lifecycle_effect& effect) {
  std::visit(overloaded{
                 [this](const launch& order) { order_launch(order.gen); },
                 [this](const terminate& stop) {
                   journal_detail(fmt::format("asking it to end: {}", signal_name(stop.signal)));
                   ask_to_end(stop.signal);
                 },
                 [this](const kill_now&) {
                   const auto& last = it_.spec->kill_signal.back();
                   const bool was_message = it_.spec->shutdown_with_message && it_.spec->kill_signal.size() == 1;
                   journal(severity::warning,
                           last.signal == SIGKILL
                               ? "sending SIGKILL"
                               : fmt::format("still there {} ms after {}: sending SIGKILL",
                                             last.patience.value_or(it_.spec->kill_timeout).count(),
                                             was_message ? "the message 'shutdown'" : signal_name(last.signal)));
                   signal_app(SIGKILL);
                 },
                 [this](const let_finish& finish) { let_it_finish(finish.with_message); },
                 [this](const start_trial_timer& timer) { arm(timer.after, trial_timer_due{it_.state.gen}); },
                 [this](const start_kill_timer& wait) { arm(wait.after, kill_timer_due{it_.state.gen}); },
                 [this](const start_restart_timer& wait) { arm(wait.after, restart_timer_due{it_.state.gen}); },
                 [this](const cancel_timers&) { timer_.dispose(); },
                 [this](const answer& what) {
                   if (what.failure && what.failure->code == exit_code::not_ready)
                     journal(severity::warning, "not ready in time"); // also where nobody waits for it
                   answers_.push_back(what);
                 },
                 [this](const remove_process&) {
                   is_removed_ = true;
                   if (!it_.is_listed)
                     return; // the process goes on with another actor
                   self_->send(recorder_, recorder_packet{.what = recorder_packet::role::removal,
                                                          .json = nlohmann::json{{"op", recorder_wire::op::forget},
                                                                                 {"id", static_cast<uint32_t>(it_.id)}}
                                                                      .dump(),
                                                          .id = it_.id});
                 },
             },
             effect);
}

void app_state::hear_notifications(generation gen) {
  if (is_heard(*it_.spec))
    talk_.hear_notifications(notify_address({it_.id, gen, it_.instance, it_.home}), it_.spec->uid);
}

void app_state::order_launch(generation gen) {
  hear_notifications(gen);
  self_->send(registry_, launch_order{it_.id, gen, it_.instance, it_.spec, it_.caller});
}

void app_state::let_it_finish(bool with_message) {
  journal(severity::info, "replaced, and given time to finish");
  const bool was_told = (with_message || it_.spec->shutdown_with_message) && talk_.say_shutdown();
  tell_balancer(worker_retires{worker()});
  const bool is_disconnected = it_.balancer && talk_.say_line(cluster::disconnect(), {});
  if (!was_told && !is_disconnected)
    signal_app(it_.spec->kill_signal.front().signal);
}

void app_state::watch_signs_of_life() {
  const bool runs = it_.state.phase == life_phase::settling || it_.state.phase == life_phase::online;
  talk_.expect_signs_of_life(runs ? it_.spec->watchdog : std::chrono::milliseconds{0});
}

void app_state::on_unwell(const std::string& why) {
  if (remains_of_ || status_of(it_.state.phase) != process_status::online)
    return;
  journal(severity::error, "restarting: " + why);
  happen(restart_requested{{restart_kind::watchdog, why}});
}

void app_state::on_stopping() {
  journal_detail("says that it is about to end");
  tell_balancer(worker_retires{worker()});
}

void app_state::on_more_time(std::chrono::milliseconds extension) {
  const bool is_waited_for = it_.state.phase == life_phase::getting_ready || it_.state.phase == life_phase::stopping;
  if (!is_waited_for || remains_of_ || self_->clock().now() + extension <= timer_due_)
    return;
  journal_detail(fmt::format("needs {} ms more", extension.count()));
  if (it_.state.phase == life_phase::getting_ready)
    arm(extension, trial_timer_due{it_.state.gen});
  else
    arm(extension, kill_timer_due{it_.state.gen});
}

void app_state::on_said(const ipc::said& message) {
  self_->send(registry_, app_said{it_.id, it_.state.gen, message});
}

void app_state::on_cluster(const cluster::message& said) {
  if (std::holds_alternative<cluster::listening>(said))
    happen(started_listening{it_.state.gen});
  tell_balancer(worker_said{worker(), said});
}

template <class Message>
void app_state::tell_balancer(Message&& message) {
  if (it_.balancer)
    self_->send(it_.balancer, std::forward<Message>(message));
}

void app_state::ask_to_end(int signal) {
  tell_balancer(worker_retires{worker()});
  const bool by_message = it_.spec->shutdown_with_message && it_.state.stop_stage == 0;
  if (!by_message || !talk_.say_shutdown())
    signal_app(signal);
}

void app_state::signal_app(int signal) {
  if (it_.state.pid <= 0)
    return;
  if (it_.spec->treekill)
    order_tree_end(signal);
  else
    signal_process(signal);
}

bool app_state::signal_process(int signal) const {
  if (foster_start() == 0) // the keeper does not reap it before reap_order, so the number is still its own
    return ::kill(it_.state.pid, signal) == 0;
  const auto held = os::hold_started(os::procfs{}, it_.state.pid, foster_start());
  errno = ESRCH;
  return held && os::send_signal(held, signal);
}

void app_state::order_tree_end(int signal) {
  tree_ordered_ = it_.state.gen;
  self_->send(tree_ender_, tree_order{.id = it_.id,
                                      .gen = it_.state.gen,
                                      .label = label(),
                                      .leader = it_.state.pid,
                                      .leader_is_over = remains_of_.has_value(),
                                      .foster_start = foster_start(),
                                      .signal = signal});
}

void app_state::arm(std::chrono::milliseconds after, lifecycle_event event) {
  timer_.dispose();
  timer_due_ = self_->clock().now() + after;
  timer_ = self_->run_delayed(after, [this, event = std::move(event)] { happen(event); });
}

void app_state::tell_registry() {
  self_->send(registry_, process_changed{view(), it_.state});
}

void app_state::journal_change(life_phase before) {
  const auto& now = it_.state;
  switch (now.phase) {
    case life_phase::settling:
    case life_phase::online:
      if (status_of(before) != process_status::online)
        journal(severity::info, "online");
      break;
    case life_phase::waiting_restart:
      journal(severity::info,
              fmt::format("starts again in {} ms{}{}", now.delay.count(), now.reason.empty() ? "" : ": ", now.reason));
      break;
    case life_phase::errored:
      journal(severity::error, "errored: " + now.reason);
      break;
    case life_phase::stopped:
      journal(severity::info, now.reason.empty() ? "stopped" : "stopped: " + now.reason);
      break;
    case life_phase::stopping:
      journal_detail("stopping");
      break;
    case life_phase::launching:
      journal_detail("launching");
      break;
    case life_phase::getting_ready:
      journal_detail("waiting until it is ready");
      break;
  }
}

void app_state::reply(const answer& what) {
  const auto is_for_others = [&](const pending_request& one) {
    return one.what != what.what && !(one.what == awaited::launch && what.what == awaited::run);
  };
  const auto first = std::stable_partition(pending_.begin(), pending_.end(), is_for_others);
  std::vector<pending_request> meant{std::make_move_iterator(first), std::make_move_iterator(pending_.end())};
  pending_.erase(first, pending_.end());
  if (meant.empty())
    return;
  app_answer given{.view = view(), .failure = what.failure};
  if (what.ended)
    add_last_words(*what.ended, std::move(meant), std::move(given));
  else
    deliver(meant, given);
}

void app_state::add_last_words(generation gen, std::vector<pending_request> meant, app_answer given) {
  auto shared = std::make_shared<std::vector<pending_request>>(std::move(meant));
  ++unsaid_;
  const auto say = [this, shared, given](const std::string& last_words) {
    app_answer told = given;
    told.last_words = last_words.substr(last_words.size() - std::min(last_words.size(), most_last_words));
    deliver(*shared, told);
    --unsaid_;
    quit_if_done();
  };
  self_->request(recorder_, caf::infinite, tail_stderr{it_.id, gen})
      .then([say](const std::string& text) { say(text); }, [say](const caf::error&) { say({}); });
}

void app_state::deliver(std::vector<pending_request>& to, const app_answer& given) {
  for (auto& one : to)
    one.promise.deliver(given);
}

void app_state::quit_if_done() {
  if (is_removed_ && unsaid_ == 0)
    self_->quit();
}

process_view app_state::view() const {
  auto shown = view_of(it_.id, it_.instance, it_.state);
  if (remains_of_) {
    shown.pid = 0;
    shown.status = process_status::stopping;
  }
  return shown;
}

std::string app_state::label() const {
  return fmt::format("{}:{}", it_.spec->name, static_cast<uint32_t>(it_.id));
}

void app_state::journal_detail(const std::string& text) {
  if (is_verbose())
    journal(severity::debug, text);
}

void app_state::journal(severity level, const std::string& text) {
  self_->send(recorder_, journal_packet(level, label(), it_.state.pid, text));
}

} // namespace procvisor
