#pragma once

#include <chrono>
#include <string>
#include <variant>

#include "core/app_spec.hpp"
#include "core/process.hpp"

namespace procvisor {

/// How a process ended (wait(2)): by exit(code), or by a signal, in which case code is 0 as in PM2.
struct exit_status {
  int code = 0;
  int signal = 0;
};

/// Of a process that ended while nobody was there to see it.
inline constexpr exit_status unseen_exit{-1, 0};

/// "exit code 1", "signal 9 (Killed)"
std::string describe(exit_status status);

/// What the policy looks at when a process ended that nobody told to end.
struct run_history {
  std::chrono::milliseconds uptime{0};      ///< of the run that has just ended
  std::chrono::milliseconds since_asked{0}; ///< since somebody last asked for a start or restart
  uint32_t unstable_restarts = 0;           ///< restarts after an early exit since then
  std::chrono::milliseconds last_delay{0};  ///< the delay before this run; zero for the first
  size_t exits_lately = 0;                  ///< within crowd_window, this one included
  std::chrono::milliseconds slowdown{0};    ///< that the exit before was answered with; zero: none
};

struct relaunch_now {};
struct relaunch_after {
  std::chrono::milliseconds delay;
};
struct stay_down { ///< as declared: by autorestart, restart_policy or stop_exit_codes
  std::string reason;
};
struct give_up { ///< too many early exits
  std::string reason;
};
using restart_verdict = std::variant<relaunch_now, relaunch_after, stay_down, give_up>;

struct restart_decision {
  restart_verdict verdict;
  std::chrono::milliseconds slowdown{0}; ///< it ends too often: at least so long is waited; zero: it does not
  bool was_early =
      false; ///< the run was shorter than min_uptime, soon after somebody asked: unstable_restarts counts it
};

/// The delay of exp_backoff_restart_delay grows by half each time up to this, and starts again after a run this long.
inline constexpr std::chrono::milliseconds max_backoff{15'000};
inline constexpr std::chrono::milliseconds healthy_run{30'000};

/// An app that ends more often than this within the window is slowed down, whatever its policy says: it waits, first for
/// the shortest and each time twice as long up to the longest, until a run was as long as that.
inline constexpr size_t most_exits_lately = 15;
inline constexpr std::chrono::minutes crowd_window{5};
inline constexpr std::chrono::milliseconds first_slowdown{100};
inline constexpr std::chrono::milliseconds longest_slowdown{60'000};

/// An exit is early when the run was shorter than min_uptime and all of it happened within min_uptime * (max_restarts +
/// 1) of the last request, PM2's window: an app that crashes slowly is restarted for ever. After max_restarts restarts
/// for early exits the next one is given up.
/// Whether the declaration says that an app which ends like this is done.
bool ends_for_good(const app_spec& spec, exit_status status);

restart_decision decide_restart(const app_spec& spec, exit_status status, const run_history& history);

} // namespace procvisor
