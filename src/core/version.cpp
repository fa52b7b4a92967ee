#include "core/version.hpp"

namespace procvisor {

std::string_view version() {
  return PROCVISOR_VERSION;
}

} // namespace procvisor
