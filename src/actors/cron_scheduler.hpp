#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/protocol.hpp"
#include "actors/wall_alarm.hpp"
#include "core/cron.hpp"

namespace procvisor {

/// Tells apps when the times of their cron_restart have come. One timer for all of them, set for the earliest; nothing
/// wakes up in between.
///
/// It follows the clock on the wall: what was due while the machine slept, or was jumped over by somebody who put the
/// clock forward, is due once, at once. Where the clock is put back by less than three hours nothing is due twice.
class cron_scheduler_state {
public:
  static inline const char* name = "procvisor.cron_scheduler";

  using find_zone = std::function<std::optional<time_zone>(const std::string& name)>;
  using make_alarm = std::function<std::unique_ptr<wall_alarm>(event_loop&, caf::weak_actor_ptr owner)>;

  cron_scheduler_state(cron_scheduler_actor::pointer self, find_zone zones, make_alarm alarm);
  cron_scheduler_actor::behavior_type make_behavior();

private:
  struct entry {
    app_actor app;
    cron_schedule schedule;
    time_zone zone;
    std::optional<sys_second> told; ///< the newest time that the app was told of
    std::optional<sys_second> due;
  };

  void enter(const app_actor& app, const cron_entry& wanted);
  void ring();
  void reckon(entry& of, sys_second now) const;
  void set_alarm();

  cron_scheduler_actor::pointer self_;
  find_zone zones_;
  std::unique_ptr<wall_alarm> alarm_;
  std::map<caf::actor_addr, entry> entries_;
};

using cron_scheduler_impl = cron_scheduler_actor::stateful_impl<cron_scheduler_state>;

} // namespace procvisor
