#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include <caf/disposable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/protocol.hpp"

namespace procvisor {

/// Tells the registry which processes use more memory than their max_memory_restart, with all that they have started.
/// It looks at all of them at once, each second, and not at all where none has a limit.
class memory_guard_state {
public:
  static inline const char* name = "procvisor.memory_guard";

  /// The bytes that each of them uses, in order.
  using measure = std::function<std::vector<uint64_t>(const std::vector<memory_entry>&)>;

  memory_guard_state(memory_guard_actor::pointer self, measure memory_of);
  memory_guard_actor::behavior_type make_behavior();

private:
  struct guarded {
    memory_entry entry;
    std::optional<steady_time> told; ///< that it is above its limit
  };

  void enter(const memory_entry& wanted);
  void look();
  void look_later();

  memory_guard_actor::pointer self_;
  measure memory_of_;
  registry_actor registry_;
  std::map<process_id, guarded> guarded_;
  std::chrono::milliseconds pause_{0}; ///< of the timer
  caf::disposable timer_;
};

using memory_guard_impl = memory_guard_actor::stateful_impl<memory_guard_state>;

} // namespace procvisor
