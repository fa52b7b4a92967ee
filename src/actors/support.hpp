#pragma once

#include <string>

#include <caf/error.hpp>
#include <caf/scheduled_actor.hpp>

namespace procvisor {

/// CAF's default handlers print to stdout, which in a daemon is nobody's: an unexpected message is dropped, an
/// exception ends the actor with an error that its supervisor sees.
template <class Self>
void quiet_defaults(Self* self) {
  self->set_default_handler(caf::drop);
  self->set_error_handler([](caf::scheduled_actor*, caf::error&) {});
  self->set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& cause) -> caf::error {
    try {
      std::rethrow_exception(cause);
    } catch (const std::exception& e) {
      return caf::make_error(caf::sec::runtime_error, std::string{e.what()});
    }
  });
}

} // namespace procvisor
