#include "core/watch_pace.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace procvisor {

namespace {

constexpr int most_delays = 10;
constexpr size_t most_names_of_loop = 5;

} // namespace

void watch_pace::note(const std::vector<file_change>& changes, const circumstances& when) {
  const bool has_just_ended = when.ended_at && when.now - *when.ended_at < rest_time;
  if (changes.empty() || is_paused_ || when.is_stopping || has_just_ended)
    return;
  if (!due_) {
    first_ = when.now;
    is_own_ = when.launched_at && when.now - *when.launched_at <= own_write_time;
  }
  due_ = std::min(when.now + when.delay, first_ + most_delays * when.delay);
  for (const auto& change : changes) {
    const auto known = std::ranges::find(changes_, change.name, &file_change::name);
    if (known != changes_.end())
      known->is_gone = change.is_gone;
    else if (changes_.size() < most_change_names)
      changes_.push_back(change);
    else
      ++more_;
  }
}

watch_pace::verdict watch_pace::take(steady_time now) {
  std::erase_if(own_, [now](const own_restart& one) { return now - one.at >= loop_time; });
  if (is_own_ && own_.size() >= most_own_restarts) {
    is_paused_ = true;
    verdict pause{false, words_of_loop()};
    drop();
    return pause;
  }
  verdict restart{true, fmt::format("{} changed", names())};
  if (is_own_) {
    own_.push_back({now, {}});
    for (const auto& change : changes_)
      own_.back().names.push_back(change.name);
  }
  drop();
  return restart;
}

void watch_pace::drop() noexcept {
  changes_.clear();
  more_ = 0;
  due_.reset();
}

void watch_pace::resume() noexcept {
  own_.clear();
  is_paused_ = false;
}

/// What is there is named before what is gone: an editor's file in between explains less.
std::string watch_pace::names() const {
  const auto there = std::ranges::find(changes_, false, &file_change::is_gone);
  const auto& first = there != changes_.end() ? *there : changes_.front();
  const auto others = changes_.size() - 1 + more_;
  return others == 0 ? first.name : fmt::format("{} and {} more", first.name, others);
}

std::string watch_pace::words_of_loop() const {
  std::vector<std::string> written;
  for (const auto& one : own_)
    for (const auto& name : one.names)
      if (written.size() < most_names_of_loop && std::ranges::find(written, name) == written.end())
        written.push_back(name);
  return fmt::format("it was restarted {} times within {} s for files that it seems to write itself: {}", own_.size(),
                     loop_time.count(), fmt::join(written, ", "));
}

} // namespace procvisor
