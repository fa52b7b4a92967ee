#pragma once

#include <exception>

#include <caf/error.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/sec.hpp>

namespace procvisor {

inline caf::error to_error(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return caf::make_error(caf::sec::runtime_error, e.what());
  }
}

/// CAF's default handlers print to standard output, which belongs to nobody in a daemon. To be called first by each
/// actor: unexpected messages are dropped, an exception ends the actor with its text as the reason, and whoever
/// monitors it decides what follows.
inline void keep_quiet(caf::scheduled_actor* self) {
  self->set_default_handler(caf::drop);
  self->set_down_handler([](caf::down_msg&) {});
  self->set_exception_handler([](std::exception_ptr& thrown) { return to_error(thrown); });
}

} // namespace procvisor
