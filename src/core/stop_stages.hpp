#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace procvisor {

/// One step of a stop: a signal, and how long the app has then before the next one, or SIGKILL, comes.
struct stop_stage {
  int signal = 0;
  std::optional<std::chrono::milliseconds> patience = {}; ///< nullopt: kill_timeout
  bool operator==(const stop_stage&) const = default;
};

inline constexpr size_t most_stop_stages = 16;

/// "SIGTERM", "SIGINT 10s, SIGTERM 20s": one to most_stop_stages of them; SIGKILL is the last one and has no time.
/// nullopt: it is none.
std::optional<std::vector<stop_stage>> parse_stop_stages(std::string_view text);

/// What parse_stop_stages() reads: "SIGINT 10000, SIGTERM 20000".
std::string to_string(const std::vector<stop_stage>& stages);

} // namespace procvisor
