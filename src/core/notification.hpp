#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace procvisor {

/// What a program says to $NOTIFY_SOCKET: assignments, one a line, of which these mean something here (sd_notify(3)).
struct notification {
  bool is_ready = false;                  ///< READY=1
  bool is_stopping = false;               ///< STOPPING=1
  bool is_well = false;                   ///< WATCHDOG=1
  bool is_unwell = false;                 ///< WATCHDOG=trigger
  std::optional<std::string> status = {}; ///< STATUS=, readable and at most most_status_bytes long
  std::chrono::milliseconds extension{0}; ///< EXTEND_TIMEOUT_USEC=: what is waited for may take so long from now on

  bool operator==(const notification&) const = default;
};

inline constexpr size_t most_status_bytes = 256;
/// An extension is never longer: a program can ask again.
inline constexpr std::chrono::hours longest_extension{1};

notification read_notification(std::string_view text);

} // namespace procvisor
