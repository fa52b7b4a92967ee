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

} // namespace procvisor
