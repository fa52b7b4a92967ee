#pragma once

#include <memory>
#include <optional>

#include "core/cron.hpp"
#include "loop/event_loop.hpp"

namespace procvisor {

/// The clock on the wall in the hands of one actor. A fake one in tests.
class wall_alarm {
public:
  virtual ~wall_alarm() = default;

  virtual sys_second now() const = 0;
  /// Its actor is sent one fd_ready at that time, at once when it has passed, and when somebody sets the clock; nullopt:
  /// not any more.
  virtual void set(std::optional<sys_second> at) = 0;
  /// Whether it is the alarm; false: some other or an old one.
  virtual bool takes(const fd_ready& ready) = 0;
};

/// In the loop. A kernel without timerfds, or a process without a descriptor left, has one that never rings.
std::unique_ptr<wall_alarm> make_wall_alarm(event_loop& loop, caf::weak_actor_ptr owner);

} // namespace procvisor
