#include "cli/render/status.hpp"

namespace procvisor::cli {

colour colour_of(process_status status) {
  switch (status) {
    case process_status::online:
      return colour::green;
    case process_status::launching:
    case process_status::waiting_restart:
      return colour::blue;
    case process_status::stopped:
    case process_status::stopping:
    case process_status::errored:
      return colour::red;
  }
  return colour::plain;
}

} // namespace procvisor::cli
