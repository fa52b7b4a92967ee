#include "core/restart_policy.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace procvisor {

namespace {

using std::chrono::milliseconds;

milliseconds next_delay(const app_spec& spec, const run_history& history) {
  const auto base = spec.exp_backoff_restart_delay;
  if (base == milliseconds{0})
    return spec.restart_delay;
  if (history.last_delay == milliseconds{0} || history.uptime >= healthy_run)
    return base;
  return std::min(max_backoff, history.last_delay * 3 / 2);
}

milliseconds next_slowdown(const run_history& history) {
  if (history.uptime >= longest_slowdown)
    return milliseconds{0};
  if (history.slowdown > milliseconds{0})
    return std::min(longest_slowdown, history.slowdown * 2);
  return history.exits_lately > most_exits_lately ? first_slowdown : milliseconds{0};
}

/// Why the declaration says that it is not to be started again; empty: it says no such thing.
std::string end_as_declared(const app_spec& spec, exit_status status) {
  if (!spec.autorestart)
    return fmt::format("ended with {}, and autorestart is off", describe(status));
  if (spec.restart_policy == restart_choice::never)
    return fmt::format("ended with {}, and its restart_policy is never", describe(status));
  if (spec.restart_policy == restart_choice::on_failure && status.signal == 0 && status.code == 0)
    return fmt::format("ended with {}, and its restart_policy is on-failure", describe(status));
  if (status.signal == 0 && std::ranges::find(spec.stop_exit_codes, status.code) != spec.stop_exit_codes.end())
    return fmt::format("ended with {}, one of its stop_exit_codes", describe(status));
  return {};
}

} // namespace

bool ends_for_good(const app_spec& spec, exit_status status) {
  return !end_as_declared(spec, status).empty();
}

std::string describe(exit_status status) {
  if (status.code == unseen_exit.code)
    return "an exit that nobody saw";
  if (status.signal == 0)
    return fmt::format("exit code {}", status.code);
  return fmt::format("signal {} ({})", status.signal,
                     sigdescr_np(status.signal) ? sigdescr_np(status.signal) : "unknown");
}

restart_decision decide_restart(const app_spec& spec, exit_status status, const run_history& history) {
  if (auto reason = end_as_declared(spec, status); !reason.empty())
    return {.verdict = stay_down{std::move(reason)}};

  const auto window = spec.min_uptime * (int64_t{spec.max_restarts} + 1);
  const bool early = history.uptime < spec.min_uptime && history.since_asked < window;
  if (early && history.unstable_restarts >= static_cast<uint32_t>(spec.max_restarts))
    return {.verdict = give_up{fmt::format("ended {} times within {} ms of its start; the last time with {}",
                                           history.unstable_restarts + 1, spec.min_uptime.count(), describe(status))},
            .was_early = true};

  const auto slowdown = next_slowdown(history);
  const auto delay = std::max(next_delay(spec, history), slowdown);
  if (delay == milliseconds{0})
    return {.verdict = relaunch_now{}, .was_early = early};
  return {.verdict = relaunch_after{delay}, .slowdown = slowdown, .was_early = early};
}

} // namespace procvisor
