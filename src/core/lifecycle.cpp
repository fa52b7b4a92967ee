#include "core/lifecycle.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

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
    switch (state_.status) {
      case process_status::stopped:
      case process_status::errored:
      case process_status::waiting_restart:
        launch_as_asked();
        return;
      case process_status::launching:
        state_.next = after_exit::policy;
        return;
      case process_status::stopping:
        state_.next = after_exit::relaunch;
        return;
      case process_status::online:
        return;
    }
  }

  void operator()(const restart_requested&) {
    switch (state_.status) {
      case process_status::stopped:
      case process_status::errored:
        launch_as_asked();
        return;
      case process_status::waiting_restart:
        ++state_.restarts;
        launch_as_asked();
        return;
      case process_status::launching:
      case process_status::stopping:
        state_.next = after_exit::relaunch;
        return;
      case process_status::online:
        begin_stop(after_exit::relaunch);
        return;
    }
  }

  void operator()(const stop_requested&) {
    switch (state_.status) {
      case process_status::stopped:
        return;
      case process_status::errored:
      case process_status::waiting_restart:
        come_to_rest(process_status::stopped, {});
        return;
      case process_status::launching:
      case process_status::stopping:
        state_.next = after_exit::stay;
        return;
      case process_status::online:
        begin_stop(after_exit::stay);
        return;
    }
  }

  void operator()(const delete_requested&) {
    switch (state_.status) {
      case process_status::stopped:
      case process_status::errored:
      case process_status::waiting_restart:
        remove();
        return;
      case process_status::launching:
      case process_status::stopping:
        state_.next = after_exit::remove;
        return;
      case process_status::online:
        begin_stop(after_exit::remove);
        return;
    }
  }

  void operator()(const launched& event) {
    if (state_.status != process_status::launching || event.gen != state_.gen)
      return;
    state_.status = process_status::online;
    state_.pid = event.pid;
    state_.started_at = now_;
    state_.reason.clear();
    if (state_.next != after_exit::policy)
      begin_stop(state_.next);
  }

  void operator()(const launch_failed& event) {
    if (state_.status != process_status::launching || event.gen != state_.gen)
      return;
    if (state_.next != after_exit::policy && state_.next != after_exit::relaunch) {
      follow_what_was_asked();
      return;
    }
    if (event.is_transient && state_.launch_is_automatic) {
      wait_for_restart(std::max(spec_.restart_delay, shortage_delay));
      state_.reason = event.reason;
      return;
    }
    come_to_rest(process_status::errored, event.reason);
  }

  void operator()(const exited& event) {
    const bool runs = state_.status == process_status::online || state_.status == process_status::stopping;
    if (!runs || event.gen != state_.gen)
      return;
    state_.pid = 0;
    state_.last_exit = event.status;
    effects_.emplace_back(cancel_timers{});
    if (state_.status == process_status::stopping)
      follow_what_was_asked();
    else
      follow_policy(event.status);
  }

  void operator()(const kill_timer_due& event) {
    if (state_.status == process_status::stopping && event.gen == state_.gen)
      send_stage(state_.stop_stage + 1);
  }

  void operator()(const restart_timer_due& event) {
    if (state_.status != process_status::waiting_restart || event.gen != state_.gen)
      return;
    ++state_.restarts;
    launch_again();
  }

private:
  void launch_next() {
    state_.status = process_status::launching;
    state_.next = after_exit::policy;
    state_.gen = generation{static_cast<uint64_t>(state_.gen) + 1};
    state_.pid = 0;
    effects_.emplace_back(launch{state_.gen});
  }

  void launch_as_asked() {
    if (state_.status == process_status::waiting_restart)
      effects_.emplace_back(cancel_timers{});
    state_.asked_at = now_;
    state_.unstable_restarts = 0;
    state_.delay = milliseconds{0};
    state_.launch_is_automatic = false;
    launch_next();
  }

  void launch_again() {
    state_.launch_is_automatic = true;
    launch_next();
  }

  void begin_stop(after_exit next) {
    state_.status = process_status::stopping;
    state_.next = next;
    send_stage(0);
  }

  /// The spec may have been replaced since the stage before.
  void send_stage(size_t index) {
    state_.stop_stage = index;
    if (index >= spec_.kill_signal.size() || spec_.kill_signal[index].signal == SIGKILL) {
      effects_.emplace_back(kill_now{});
      return;
    }
    const auto& stage = spec_.kill_signal[index];
    effects_.emplace_back(terminate{stage.signal});
    effects_.emplace_back(start_kill_timer{stage.patience.value_or(spec_.kill_timeout)});
  }

  void come_to_rest(process_status status, std::string reason) {
    if (state_.status == process_status::waiting_restart)
      effects_.emplace_back(cancel_timers{});
    state_.status = status;
    state_.next = after_exit::policy;
    state_.pid = 0;
    state_.reason = std::move(reason);
  }

  void remove() {
    come_to_rest(process_status::stopped, {});
    effects_.emplace_back(remove_process{});
  }

  void wait_for_restart(milliseconds delay) {
    state_.status = process_status::waiting_restart;
    state_.delay = delay;
    effects_.emplace_back(start_restart_timer{delay});
  }

  void follow_what_was_asked() {
    switch (state_.next) {
      case after_exit::policy:
      case after_exit::stay:
        come_to_rest(process_status::stopped, {});
        return;
      case after_exit::relaunch:
        ++state_.restarts;
        launch_as_asked();
        return;
      case after_exit::remove:
        remove();
        return;
    }
  }

  void follow_policy(exit_status status) {
    auto [verdict, was_early] = decide_restart(spec_, status,
                                               {.uptime = between(state_.started_at, now_),
                                                .since_asked = between(state_.asked_at, now_),
                                                .unstable_restarts = state_.unstable_restarts,
                                                .last_delay = state_.delay});
    if (const auto* down = std::get_if<stay_down>(&verdict)) {
      come_to_rest(process_status::stopped, down->reason);
      return;
    }
    if (const auto* over = std::get_if<give_up>(&verdict)) {
      come_to_rest(process_status::errored, over->reason);
      return;
    }
    if (was_early)
      ++state_.unstable_restarts;
    if (const auto* later = std::get_if<relaunch_after>(&verdict)) {
      wait_for_restart(later->delay);
      return;
    }
    ++state_.restarts;
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

bool is_settled(const lifecycle& state) noexcept {
  return state.status != process_status::launching && state.status != process_status::stopping;
}

} // namespace procvisor
