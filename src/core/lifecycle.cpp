#include "core/lifecycle.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include <fmt/format.h>

namespace procvisor {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

milliseconds between(const moment& from, const moment& to) {
  return duration_cast<milliseconds>(to.steady - from.steady);
}

/// One step under way: handles the event and collects the effects.
class stepper {
public:
  stepper(lifecycle& state, const app_spec& spec, moment now, std::vector<lifecycle_effect>& effects)
    : state_(state), spec_(spec), now_(now), effects_(effects) {}

  void operator()(const start_requested&) {
    switch (state_.phase) {
      case life_phase::stopped:
      case life_phase::errored:
      case life_phase::waiting_restart:
        state_.cause = {};
        launch_as_asked();
        return;
      case life_phase::launching:
        state_.launch_is_automatic = false;
        let_follow(after_exit::policy, "start");
        return;
      case life_phase::getting_ready:
      case life_phase::settling:
        say(awaited::launch);
        return;
      case life_phase::online:
        say(awaited::launch);
        settle();
        return;
      case life_phase::stopping:
        state_.cause = {};
        let_follow(after_exit::relaunch, "start");
        return;
    }
  }

  void operator()(const restart_requested& event) {
    state_.cause = event.cause;
    switch (state_.phase) {
      case life_phase::stopped:
      case life_phase::errored:
        launch_as_asked();
        return;
      case life_phase::waiting_restart:
        count_restart();
        launch_as_asked();
        return;
      case life_phase::launching:
      case life_phase::stopping:
        let_follow(after_exit::relaunch, "restart");
        return;
      case life_phase::getting_ready:
      case life_phase::settling:
      case life_phase::online:
        begin_stop(after_exit::relaunch);
        return;
    }
  }

  void operator()(const stop_requested&) {
    switch (state_.phase) {
      case life_phase::stopped:
      case life_phase::errored:
      case life_phase::waiting_restart:
        come_to_rest(life_phase::stopped, state_.phase == life_phase::stopped ? state_.reason : std::string{});
        say(awaited::stop);
        return;
      case life_phase::launching:
      case life_phase::stopping:
        let_follow(after_exit::stay, "stop");
        return;
      case life_phase::getting_ready:
      case life_phase::settling:
        say_overtaken(awaited::run, "stop");
        begin_stop(after_exit::stay);
        return;
      case life_phase::online:
        begin_stop(after_exit::stay);
        return;
    }
  }

  void operator()(const delete_requested&) {
    end_for_good("delete", [this] { begin_stop(after_exit::remove); });
  }

  void operator()(const takeover_requested& event) {
    if (state_.phase != life_phase::stopped)
      return;
    state_.trial = event.must_be_ready ? takeover::must_be_ready : takeover::alive_is_enough;
    launch_as_asked();
  }

  void operator()(const retire_requested& event) {
    end_for_good("reload", [&] { begin_leave(event.with_message); });
  }

  void operator()(const reset_requested&) {
    state_.restarts = 0;
    state_.restarts_by = {};
    state_.unstable_restarts = 0;
    state_.asked_at = now_;
  }

  void operator()(const launched& event) {
    if (state_.phase != life_phase::launching || event.gen != state_.gen)
      return;
    state_.phase = life_phase::online;
    state_.pid = event.pid;
    state_.start_ticks = event.start_ticks;
    state_.is_foster = false;
    state_.started_at = now_;
    state_.reason.clear();
    if (state_.next != after_exit::policy) {
      begin_stop(state_.next);
      return;
    }
    say(awaited::launch);
    if (spec_.wait_ready || state_.trial != takeover::none)
      begin_trial(life_phase::getting_ready, spec_.listen_timeout);
    else if (!state_.launch_is_automatic)
      settle();
  }

  void operator()(const launch_failed& event) {
    if (state_.phase != life_phase::launching || event.gen != state_.gen)
      return;
    if (state_.next != after_exit::policy && state_.next != after_exit::relaunch) {
      follow_what_was_asked();
      return;
    }
    state_.trial = takeover::none;
    if (event.is_transient && state_.launch_is_automatic) {
      wait_for_restart(std::max(spec_.restart_delay, shortage_delay));
      state_.reason = event.reason;
      return;
    }
    come_to_rest(life_phase::errored, event.reason);
    say_failed({exit_code::start_failed, fmt::format("cannot start '{}': {}", spec_.name, event.reason)});
  }

  void operator()(const exited& event) {
    const bool is_on_trial = state_.phase == life_phase::getting_ready || state_.phase == life_phase::settling;
    const bool runs = is_on_trial || state_.phase == life_phase::online || state_.phase == life_phase::stopping;
    if (!runs || event.gen != state_.gen)
      return;
    const bool was_getting_ready = state_.phase == life_phase::getting_ready;
    const bool was_successor = std::exchange(state_.trial, takeover::none) != takeover::none;
    state_.pid = 0;
    state_.last_exit = event.status;
    state_.is_listening = false;
    effects_.emplace_back(cancel_timers{});
    if (state_.phase == life_phase::stopping && state_.next != after_exit::policy) {
      follow_what_was_asked();
      return;
    }
    if (was_successor) {
      const auto end = words_of_early_end(event.status) + ", before it could take over";
      come_to_rest(life_phase::errored, end);
      say_failed({exit_code::start_failed, end}, event.gen);
      return;
    }
    follow_policy(event.status);
    if (is_on_trial)
      judge_early_end(event, was_getting_ready);
  }

  void operator()(const became_ready& event) {
    if (state_.phase != life_phase::getting_ready || event.gen != state_.gen)
      return;
    effects_.emplace_back(cancel_timers{});
    pass_trial();
  }

  void operator()(const started_listening& event) {
    const bool runs = state_.pid != 0 && state_.phase != life_phase::stopping;
    if (!runs || event.gen != state_.gen)
      return;
    state_.is_listening = true;
    if (state_.phase != life_phase::getting_ready || spec_.wait_ready)
      return;
    effects_.emplace_back(cancel_timers{});
    pass_trial();
  }

  void operator()(const trial_timer_due& event) {
    if (event.gen != state_.gen)
      return;
    const bool is_successor = state_.phase == life_phase::getting_ready && state_.trial != takeover::none;
    if (is_successor && state_.trial == takeover::must_be_ready) {
      say_failed({exit_code::not_ready, fmt::format("'{}' {} within {} ms", spec_.name,
                                                    spec_.wait_ready ? "was not ready" : "did not listen on a port",
                                                    spec_.listen_timeout.count())});
    } else if (is_successor || state_.phase == life_phase::settling) {
      pass_trial();
    } else if (state_.phase == life_phase::getting_ready) {
      const bool ends = spec_.ready_timeout_action == unready_action::kill;
      state_.phase = life_phase::online;
      say_failed({exit_code::not_ready,
                  fmt::format("'{}' was not ready within {} ms; it {}", spec_.name, spec_.listen_timeout.count(),
                              ends ? "is ended" : "runs on"),
                  "it has to send 'ready' on its IPC channel or READY=1 to $NOTIFY_SOCKET, within its listen_timeout"});
      if (ends)
        begin_stop(after_exit::policy);
    }
  }

  void operator()(const kill_timer_due& event) {
    if (state_.phase == life_phase::stopping && event.gen == state_.gen)
      send_stage(state_.is_leaving ? 0 : state_.stop_stage + 1);
  }

  void operator()(const restart_timer_due& event) {
    if (state_.phase != life_phase::waiting_restart || event.gen != state_.gen)
      return;
    count_restart();
    launch_again();
  }

  void operator()(const adopted& event) {
    const bool runs = event.pid != 0 && event.gen == state_.gen;
    switch (state_.phase) {
      case life_phase::stopped:
      case life_phase::errored:
        return;
      case life_phase::waiting_restart:
        effects_.emplace_back(
            start_restart_timer{std::max(std::chrono::ceil<milliseconds>(state_.due - now_.steady), milliseconds{0})});
        return;
      case life_phase::launching:
        if (runs) {
          (*this)(launched{event.gen, event.pid, event.start_ticks});
          state_.is_foster = event.is_foster;
        } else if (state_.next == after_exit::policy)
          launch_next();
        else
          follow_what_was_asked();
        return;
      case life_phase::getting_ready:
      case life_phase::settling:
      case life_phase::online:
      case life_phase::stopping:
        state_.pid = event.pid;
        state_.start_ticks = event.start_ticks;
        state_.is_foster = event.is_foster;
        if (!runs)
          (*this)(exited{state_.gen, unseen_exit});
        else if (state_.phase == life_phase::stopping)
          begin_stop(state_.next);
        return;
    }
  }

private:
  // -- answers

  void say(awaited what) { effects_.emplace_back(answer{what}); }

  void say_failed(error why, std::optional<generation> ended = {}) {
    effects_.emplace_back(answer{awaited::run, std::move(why), ended});
  }

  void say_overtaken(awaited what, const char* by) {
    effects_.emplace_back(
        answer{what, error{exit_code::other, fmt::format("a later {} of '{}' has overtaken this", by, spec_.name)}});
  }

  void judge_early_end(const exited& event, bool was_getting_ready) {
    const auto& status = event.status;
    const bool is_a_stop_code =
        status.signal == 0 && std::ranges::find(spec_.stop_exit_codes, status.code) != spec_.stop_exit_codes.end();
    const bool is_done = status.signal == 0 && status.code == 0 && ends_for_good(spec_, status);
    if (is_a_stop_code || is_done) {
      say(awaited::run);
      return;
    }
    std::string what = words_of_early_end(status);
    if (was_getting_ready)
      what += ", before it was ready";
    if (state_.phase == life_phase::launching)
      what += "; it is started again";
    else if (state_.phase == life_phase::waiting_restart)
      what += fmt::format("; it is started again in {} ms", state_.delay.count());
    say_failed({exit_code::start_failed, std::move(what), fmt::format("procvisor logs {}", spec_.name)}, event.gen);
  }

  std::string words_of_early_end(const exit_status& status) const {
    return fmt::format("'{}' ended with {} after {} ms", spec_.name, describe(status),
                       between(state_.started_at, now_).count());
  }

  /// `begin_end`: how a process that runs is brought to its end.
  template <class BeginEnd>
  void end_for_good(const char* command, BeginEnd begin_end) {
    switch (state_.phase) {
      case life_phase::stopped:
      case life_phase::errored:
      case life_phase::waiting_restart:
        remove();
        return;
      case life_phase::launching:
      case life_phase::stopping:
        let_follow(after_exit::remove, command);
        return;
      case life_phase::getting_ready:
      case life_phase::settling:
        say_overtaken(awaited::run, command);
        begin_end();
        return;
      case life_phase::online:
        begin_end();
        return;
    }
  }

  // -- from launch to online

  void launch_next() {
    state_.phase = life_phase::launching;
    state_.next = after_exit::policy;
    state_.gen = generation{static_cast<uint64_t>(newest_of(state_)) + 1};
    state_.pid = 0;
    state_.is_listening = false;
    effects_.emplace_back(launch{state_.gen});
  }

  void launch_as_asked() {
    if (state_.phase == life_phase::waiting_restart)
      effects_.emplace_back(cancel_timers{});
    state_.asked_at = now_;
    state_.unstable_restarts = 0;
    state_.delay = milliseconds{0};
    state_.recent_exits.clear();
    state_.slowdown = milliseconds{0};
    state_.launch_is_automatic = false;
    launch_next();
  }

  void count_restart() {
    ++state_.restarts;
    ++state_.restarts_by.at(static_cast<size_t>(state_.cause.kind));
  }

  void launch_again() {
    state_.launch_is_automatic = true;
    launch_next();
  }

  void begin_trial(life_phase trial, milliseconds limit) {
    state_.phase = trial;
    effects_.emplace_back(start_trial_timer{limit});
  }

  void settle() {
    const auto left = std::min(settle_time, spec_.min_uptime) - between(state_.started_at, now_);
    if (left > milliseconds{0})
      begin_trial(life_phase::settling, left);
    else
      say(awaited::run);
  }

  void pass_trial() {
    state_.phase = life_phase::online;
    state_.trial = takeover::none;
    say(awaited::run);
  }

  // -- to its end

  void begin_stop(after_exit next) {
    state_.phase = life_phase::stopping;
    state_.next = next;
    send_stage(0);
  }

  void begin_leave(bool with_message) {
    state_.phase = life_phase::stopping;
    state_.next = after_exit::remove;
    state_.is_leaving = true;
    effects_.emplace_back(let_finish{with_message});
    effects_.emplace_back(start_kill_timer{spec_.graceful_timeout});
  }

  /// The spec may have been replaced since the stage before.
  void send_stage(size_t index) {
    state_.is_leaving = false;
    state_.stop_stage = index;
    if (index >= spec_.kill_signal.size() || spec_.kill_signal[index].signal == SIGKILL) {
      effects_.emplace_back(kill_now{});
      return;
    }
    const auto& stage = spec_.kill_signal[index];
    effects_.emplace_back(terminate{stage.signal});
    effects_.emplace_back(start_kill_timer{stage.patience.value_or(spec_.kill_timeout)});
  }

  /// While it is launching or stopping: what is to come when that is over.
  void let_follow(after_exit next, const char* command) {
    const auto ends = [](after_exit what) { return what == after_exit::stay || what == after_exit::remove; };
    if (!ends(state_.next) && ends(next))
      say_overtaken(awaited::run, command);
    if (ends(state_.next) && !ends(next) && state_.phase == life_phase::launching)
      say_overtaken(awaited::stop, command);
    if (state_.next == after_exit::remove && next != after_exit::remove)
      say_overtaken(awaited::removal, command);
    state_.next = next;
    if (state_.phase == life_phase::stopping && state_.is_leaving)
      send_stage(0);
  }

  void come_to_rest(life_phase phase, std::string reason) {
    if (state_.phase == life_phase::waiting_restart)
      effects_.emplace_back(cancel_timers{});
    state_.phase = phase;
    state_.next = after_exit::policy;
    state_.pid = 0;
    state_.is_leaving = false;
    state_.reason = std::move(reason);
  }

  void remove() {
    come_to_rest(life_phase::stopped, {});
    effects_.emplace_back(remove_process{});
    say(awaited::stop);
    say(awaited::removal);
  }

  void wait_for_restart(milliseconds delay) {
    state_.phase = life_phase::waiting_restart;
    state_.delay = delay;
    state_.due = now_.steady + delay;
    effects_.emplace_back(start_restart_timer{delay});
  }

  void follow_what_was_asked() {
    switch (state_.next) {
      case after_exit::policy:
      case after_exit::stay:
        come_to_rest(life_phase::stopped, {});
        say(awaited::stop);
        return;
      case after_exit::relaunch:
        say(awaited::stop);
        count_restart();
        launch_as_asked();
        return;
      case after_exit::remove:
        remove();
        return;
    }
  }

  /// How many exits there have been lately, with this one.
  size_t note_exit() {
    auto& exits = state_.recent_exits;
    std::erase_if(exits, [this](steady_time at) { return now_.steady - at > crowd_window; });
    if (exits.size() > most_exits_lately)
      exits.erase(exits.begin());
    exits.push_back(now_.steady);
    return exits.size();
  }

  void follow_policy(exit_status status) {
    const bool was_unready = state_.phase == life_phase::stopping; // and has been ended for that
    auto [verdict, slowdown, was_early] =
        decide_restart(spec_, status,
                       {.uptime = was_unready ? milliseconds{0} : between(state_.started_at, now_),
                        .since_asked = was_unready ? milliseconds{0} : between(state_.asked_at, now_),
                        .unstable_restarts = state_.unstable_restarts,
                        .last_delay = state_.delay,
                        .exits_lately = note_exit(),
                        .slowdown = state_.slowdown});
    state_.slowdown = slowdown;
    if (const auto* down = std::get_if<stay_down>(&verdict)) {
      come_to_rest(life_phase::stopped, down->reason);
      return;
    }
    if (const auto* over = std::get_if<give_up>(&verdict)) {
      come_to_rest(life_phase::errored, over->reason);
      return;
    }
    if (was_early)
      ++state_.unstable_restarts;
    state_.cause = {restart_kind::exit, was_unready
                                            ? fmt::format("not ready within {} ms", spec_.listen_timeout.count())
                                            : describe(status)};
    if (const auto* later = std::get_if<relaunch_after>(&verdict)) {
      wait_for_restart(later->delay);
      if (slowdown > milliseconds{0})
        state_.reason = fmt::format("it ends too often, {} times in the last {} min, so it is slowed down",
                                    state_.recent_exits.size(), crowd_window.count());
      return;
    }
    count_restart();
    launch_again();
  }

  lifecycle& state_;
  const app_spec& spec_;
  moment now_;
  std::vector<lifecycle_effect>& effects_;
};

} // namespace

lifecycle_step step(lifecycle state, const app_spec& spec, const lifecycle_event& event, moment now) {
  lifecycle_step result{std::move(state), {}};
  std::visit(stepper{result.state, spec, now, result.effects}, event);
  return result;
}

process_status status_of(life_phase phase) noexcept {
  switch (phase) {
    case life_phase::stopped:
      return process_status::stopped;
    case life_phase::launching:
    case life_phase::getting_ready:
      return process_status::launching;
    case life_phase::settling:
    case life_phase::online:
      return process_status::online;
    case life_phase::stopping:
      return process_status::stopping;
    case life_phase::waiting_restart:
      return process_status::waiting_restart;
    case life_phase::errored:
      return process_status::errored;
  }
  return process_status::stopped;
}

life_phase phase_of(process_status status) noexcept {
  switch (status) {
    case process_status::stopped:
      return life_phase::stopped;
    case process_status::launching:
      return life_phase::launching;
    case process_status::online:
      return life_phase::online;
    case process_status::stopping:
      return life_phase::stopping;
    case process_status::waiting_restart:
      return life_phase::waiting_restart;
    case process_status::errored:
      return life_phase::errored;
  }
  return life_phase::stopped;
}

bool ought_to_run(const lifecycle& state) noexcept {
  switch (state.phase) {
    case life_phase::stopped:
      return false;
    case life_phase::launching:
    case life_phase::stopping:
      return state.next == after_exit::policy || state.next == after_exit::relaunch;
    case life_phase::getting_ready:
    case life_phase::settling:
    case life_phase::online:
    case life_phase::waiting_restart:
    case life_phase::errored:
      return true;
  }
  return true;
}

generation newest_of(const lifecycle& state) noexcept {
  return std::max(state.gen, state.newest);
}

process_view view_of(process_id id, int instance, const lifecycle& state) {
  return {.id = id,
          .gen = state.gen,
          .pid = state.pid,
          .status = status_of(state.phase),
          .instance = instance,
          .restarts = state.restarts,
          .unstable_restarts = state.unstable_restarts,
          .created_at = state.asked_at.wall,
          .started_at = state.started_at.wall,
          .exit_code = state.last_exit.code,
          .exit_signal = state.last_exit.signal,
          .delay = state.delay,
          .reason = state.reason,
          .cause = state.cause.text,
          .restarts_by = state.restarts_by};
}

} // namespace procvisor
