#include "core/restart_policy.hpp"

#include <algorithm>
#include <cstring>

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

} // namespace

std::string describe(exit_status status) {
  if (status.code == unseen_exit.code)
    return "an exit that nobody saw";
  if (status.signal == 0)
    return fmt::format("exit code {}", status.code);
  return fmt::format("signal {} ({})", status.signal,
                     sigdescr_np(status.signal) ? sigdescr_np(status.signal) : "unknown");
}

restart_decision decide_restart(const app_spec& spec, exit_status status, const run_history& history) {
  if (!spec.autorestart)
    return {stay_down{fmt::format("ended with {}, and autorestart is off", describe(status))}};
  if (status.signal == 0 && std::ranges::find(spec.stop_exit_codes, status.code) != spec.stop_exit_codes.end())
    return {stay_down{fmt::format("ended with {}, one of its stop_exit_codes", describe(status))}};

  const auto window = spec.min_uptime * (int64_t{spec.max_restarts} + 1);
  const bool early = history.uptime < spec.min_uptime && history.since_asked < window;
  if (early && history.unstable_restarts >= static_cast<uint32_t>(spec.max_restarts))
    return {give_up{fmt::format("ended {} times within {} ms of its start; the last time with {}",
                                history.unstable_restarts + 1, spec.min_uptime.count(), describe(status))},
            true};

  const auto delay = next_delay(spec, history);
  if (delay == milliseconds{0})
    return {relaunch_now{}, early};
  return {relaunch_after{delay}, early};
}

} // namespace procvisor
