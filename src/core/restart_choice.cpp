#include "core/restart_choice.hpp"

namespace procvisor {

std::string_view to_string(restart_choice choice) noexcept {
  switch (choice) {
    case restart_choice::always:
      return "always";
    case restart_choice::on_failure:
      return "on-failure";
    case restart_choice::never:
      return "never";
  }
  return "always";
}

std::optional<restart_choice> restart_choice_of(std::string_view word) {
  if (word == "always")
    return restart_choice::always;
  if (word == "on-failure" || word == "on_failure")
    return restart_choice::on_failure;
  if (word == "never")
    return restart_choice::never;
  return std::nullopt;
}

std::string_view to_string(unready_action action) noexcept {
  return action == unready_action::keep ? "keep" : "kill";
}

std::optional<unready_action> unready_action_of(std::string_view word) {
  if (word == "keep")
    return unready_action::keep;
  if (word == "kill")
    return unready_action::kill;
  return std::nullopt;
}

} // namespace procvisor
