#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace procvisor {

/// The number by which a process is listed (PM2's pm_id). Never used again until the list is empty.
enum class process_id : uint32_t {};

/// Counts the launches of one process id; it goes on where the id is given out anew. Every event about a running
/// program carries it, so that a late one of an earlier launch is recognised and dropped.
enum class generation : uint64_t {};

using wall_clock = std::chrono::system_clock;
using steady_time = std::chrono::steady_clock::time_point;

/// What a process is doing. The words are PM2's, in to_string and on the wire.
enum class process_status : uint8_t {
  stopped,         ///< not running, because someone asked for it or the policy says so
  launching,       ///< being created
  online,          ///< runs
  stopping,        ///< told to end, not yet gone
  waiting_restart, ///< ended; comes back when a delay is over
  errored,         ///< not running and will not come back by itself; the reason says why
};

std::string_view to_string(process_status status) noexcept;
std::optional<process_status> parse_status(std::string_view word) noexcept;

/// What made a process start again.
enum class restart_kind : uint8_t {
  command,  ///< somebody asked for it
  exit,     ///< it had ended
  watch,    ///< a file had changed
  memory,   ///< it used more than max_memory_restart
  cron,     ///< cron_restart was due
  watchdog, ///< it had not said in time that it is well
};
std::string_view to_string(restart_kind kind) noexcept;
std::optional<restart_kind> parse_restart_kind(std::string_view word) noexcept;

struct restart_cause {
  restart_kind kind = restart_kind::command;
  std::string text = {}; ///< "src/a.js changed"; empty: a command has no more to say
};

/// By restart_kind.
using restart_counts = std::array<uint32_t, 6>;

/// What everybody outside of an app's actor may know of its process; the registry keeps the newest one of each.
struct process_view {
  process_id id{};
  generation gen{};
  pid_t pid = 0; ///< 0: none runs
  process_status status = process_status::stopped;
  int instance = 0;      ///< index among the processes of one app, from 0
  uint32_t restarts = 0; ///< PM2's restart_time
  uint32_t unstable_restarts = 0;
  wall_clock::time_point created_at{};
  wall_clock::time_point started_at{}; ///< of the newest launch; the epoch where there was none
  int exit_code = 0;                   ///< of the newest exit
  int exit_signal = 0;                 ///< 0: it exited by itself
  std::chrono::milliseconds delay{0};  ///< before the newest automatic launch
  std::string reason = {};             ///< why it is errored or stopped, one line; empty where someone asked for it
  std::string cause = {};              ///< of the newest restart, one line; empty where someone asked for it
  restart_counts restarts_by = {};     ///< `restarts` by what caused them
};

} // namespace procvisor
