#include "actors/memory_guard.hpp"

#include <algorithm>

#include "actors/support.hpp"

namespace procvisor {

namespace {

/// A reload that has failed is not tried again before.
constexpr std::chrono::seconds pause_after_telling{30};

} // namespace

memory_guard_state::memory_guard_state(memory_guard_actor::pointer self, measure memory_of)
  : self_(self), memory_of_(std::move(memory_of)) {
}

memory_guard_actor::behavior_type memory_guard_state::make_behavior() {
  keep_quiet(self_);
  return {[this](const memory_entry& wanted) {
    registry_ = caf::actor_cast<registry_actor>(self_->current_sender());
    enter(wanted);
  }};
}

void memory_guard_state::enter(const memory_entry& wanted) {
  const bool was_idle = guarded_.empty();
  const bool is_sooner = wanted.limit > 0 && wanted.interval < pause_;
  if (wanted.limit == 0)
    guarded_.erase(wanted.id);
  else
    guarded_.insert_or_assign(wanted.id, guarded{wanted, {}});
  if (guarded_.empty())
    timer_.dispose();
  else if (was_idle || is_sooner) // not each time: an app that crashes all the time would never let it look
    look_later();
}

void memory_guard_state::look_later() {
  const auto shortest = [](const auto& one, const auto& other) {
    return one.second.entry.interval < other.second.entry.interval;
  };
  pause_ = std::ranges::min_element(guarded_, shortest)->second.entry.interval;
  timer_.dispose();
  timer_ = self_->run_delayed(pause_, [this] { look(); });
}

void memory_guard_state::look() {
  const auto now = self_->clock().now();
  std::vector<memory_entry> entries;
  for (const auto& [id, one] : guarded_)
    entries.push_back(one.entry);
  const auto used = memory_of_(entries);
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    auto& told = guarded_.at(entry.id).told;
    if (used[i] <= entry.limit || (told && now - *told < pause_after_telling))
      continue;
    told = now;
    self_->send(registry_, memory_exceeded{entry.id, entry.gen, used[i], entry.limit});
  }
  look_later();
}

} // namespace procvisor
