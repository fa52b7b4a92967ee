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

} // namespace procvisor
