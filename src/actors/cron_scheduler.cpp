#include "actors/cron_scheduler.hpp"

#include <algorithm>
#include <utility>

#include "actors/support.hpp"

namespace procvisor {

namespace {

/// A clock that is put back by less was corrected: what has been due is not due again. By more: it was wrong.
constexpr auto small_correction = std::chrono::hours{3};

} // namespace

cron_scheduler_state::cron_scheduler_state(cron_scheduler_actor::pointer self, find_zone zones, make_alarm alarm)
  : self_(self), zones_(std::move(zones)),
    alarm_(alarm(event_loop::of(self->system()), caf::weak_actor_ptr{self->ctrl()})) {
}

cron_scheduler_actor::behavior_type cron_scheduler_state::make_behavior() {
  keep_quiet(self_);
  self_->set_down_handler([this](const caf::down_msg& gone) {
    if (entries_.erase(gone.source) > 0)
      set_alarm();
  });
  return {
      [this](const cron_entry& wanted) { enter(caf::actor_cast<app_actor>(self_->current_sender()), wanted); },
      [this](const fd_ready& ready) {
        if (alarm_->takes(ready))
          ring();
      },
  };
}

void cron_scheduler_state::enter(const app_actor& app, const cron_entry& wanted) {
  const auto schedule = parse_cron(wanted.times);
  const auto zone = zones_(wanted.zone);
  if (!schedule || !zone) { // the client has seen to it that a schedule and its zone are right
    if (entries_.erase(app.address()) > 0)
      self_->demonitor(app);
  } else {
    const auto [at, is_new] = entries_.try_emplace(app.address());
    if (is_new)
      self_->monitor(app);
    auto& one = at->second; // what it was told before still counts
    one.app = app;
    one.schedule = *schedule;
    one.zone = *zone;
    reckon(one, alarm_->now());
  }
  set_alarm();
}

void cron_scheduler_state::ring() {
  const auto now = alarm_->now();
  for (auto& [address, one] : entries_) {
    if (one.due && *one.due <= now) {
      self_->send(one.app, cron_due{});
      one.told = now;
    }
    reckon(one, now); // of those that are not due, too: somebody may have set the clock
  }
  set_alarm();
}

void cron_scheduler_state::reckon(entry& of, sys_second now) const {
  const bool was_put_back = of.told && *of.told > now && *of.told - now < small_correction;
  of.due = next_due(of.schedule, was_put_back ? *of.told : now, of.zone);
}

void cron_scheduler_state::set_alarm() {
  std::optional<sys_second> first;
  for (const auto& [address, one] : entries_)
    if (one.due && (!first || *one.due < *first))
      first = one.due;
  alarm_->set(first);
}

} // namespace procvisor
