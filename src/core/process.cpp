#include "core/process.hpp"

namespace procvisor {

std::string_view to_string(process_status status) noexcept {
  switch (status) {
    case process_status::stopped:
      return "stopped";
    case process_status::launching:
      return "launching";
    case process_status::online:
      return "online";
    case process_status::stopping:
      return "stopping";
    case process_status::waiting_restart:
      return "waiting restart";
    case process_status::errored:
      return "errored";
  }
  return "";
}

std::optional<process_status> parse_status(std::string_view word) noexcept {
  for (auto status : {process_status::stopped, process_status::launching, process_status::online,
                      process_status::stopping, process_status::waiting_restart, process_status::errored})
    if (to_string(status) == word)
      return status;
  return std::nullopt;
}

namespace {

constexpr std::array<restart_kind, restart_counts{}.size()> restart_kinds{
    restart_kind::command, restart_kind::exit, restart_kind::watch,
    restart_kind::memory,  restart_kind::cron, restart_kind::watchdog};

} // namespace

std::string_view to_string(restart_kind kind) noexcept {
  switch (kind) {
    case restart_kind::command:
      return "command";
    case restart_kind::exit:
      return "exit";
    case restart_kind::watch:
      return "watch";
    case restart_kind::memory:
      return "memory";
    case restart_kind::cron:
      return "cron";
    case restart_kind::watchdog:
      return "watchdog";
  }
  return "";
}

std::optional<restart_kind> parse_restart_kind(std::string_view word) noexcept {
  for (const auto kind : restart_kinds)
    if (to_string(kind) == word)
      return kind;
  return std::nullopt;
}

} // namespace procvisor
