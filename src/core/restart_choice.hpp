#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace procvisor {

/// After which ends an app is started again (restart_policy).
enum class restart_choice : uint8_t {
  always,
  on_failure, ///< not after exit code 0
  never,
};
std::string_view to_string(restart_choice choice) noexcept;
std::optional<restart_choice> restart_choice_of(std::string_view word);

/// What becomes of a process that has not said within listen_timeout that it is ready (ready_timeout_action).
enum class unready_action : uint8_t {
  keep, ///< it runs on, and the start has failed
  kill, ///< it is ended, and its restart policy decides
};
std::string_view to_string(unready_action action) noexcept;
std::optional<unready_action> unready_action_of(std::string_view word);

} // namespace procvisor
