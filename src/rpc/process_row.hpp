#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/process.hpp"
#include "core/result.hpp"

namespace procvisor::rpc {

/// A `row` of the wire (rpc/wire.hpp) as a client reads it.
struct process_row {
  int64_t id = 0;
  std::string name;
  std::string name_space;
  int64_t instance = 0;
  std::string mode;
  int64_t pid = 0; ///< 0: none runs
  process_status status = process_status::stopped;
  int64_t restarts = 0;
  int64_t unstable_restarts = 0;
  int64_t created_at = 0; ///< milliseconds since the epoch
  int64_t started_at = 0; ///< the same; 0: never
  int64_t exit_code = 0;
  int64_t exit_signal = 0; ///< 0: it exited by itself
  std::string reason;
  std::string cause;  ///< of the newest restart; empty: somebody asked for it
  double cpu = 0;     ///< percent of one core
  int64_t memory = 0; ///< bytes
  std::string user;
  bool watching = false;
  std::string watch_trouble; ///< why it is to watch files and does not
  std::string version;
  std::string error_file; ///< only where it was asked for
  std::string pid_file;   ///< the same
};

/// How long it has been running: zero for one that does not.
std::chrono::milliseconds uptime_of(const process_row& row, std::chrono::milliseconds now);

/// Members that are absent or of another type keep their defaults: an adjacent version may leave some out.
process_row row_from_json(const nlohmann::json& object);

struct process_list {
  std::vector<process_row> processes;
  std::vector<std::string> notes; ///< what the user should know of the daemon's state, one line each
};

/// Reads the reply to `list` without a JSON tree in between, which would take twice the time: 4.3 against 2.3 ms for
/// 1,000 processes.
result<process_list> read_process_list(const std::string& reply);

} // namespace procvisor::rpc
