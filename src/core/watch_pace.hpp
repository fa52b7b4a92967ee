#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/process.hpp"

/// When a process is restarted for files that have changed.
///
/// Changes are gathered until the files have been quiet for watch_delay, but for no more than ten times that: then the
/// process is restarted, once for all of them. What changes while the process is being stopped, or within rest_time of
/// its end, is its own last words or will be read by the next launch: it does not count. What somebody asks for does away
/// with what has been gathered.
///
/// Nobody can say who has written a file. Where an app has been restarted five times within 20 s, each time for files that
/// changed within 4 s of its launch, it is taken to write them itself: its watch is paused, and says so, until somebody
/// starts or restarts it.
namespace procvisor {

struct file_change {
  std::string name; ///< as people are told it
  bool is_gone = false;
};

inline constexpr std::chrono::milliseconds rest_time{500};
inline constexpr std::chrono::seconds own_write_time{4};
inline constexpr std::chrono::seconds loop_time{20};
inline constexpr size_t most_own_restarts = 5;

/// Names that are kept of one gathering; the rest is counted.
inline constexpr size_t most_change_names = 16;

class watch_pace {
public:
  /// What the process was doing when the files changed.
  struct circumstances {
    steady_time now{};
    std::chrono::milliseconds delay{}; ///< watch_delay
    bool is_stopping = false;
    std::optional<steady_time> launched_at = {}; ///< its newest launch
    std::optional<steady_time> ended_at = {};    ///< where it is stopped or errored
  };
  void note(const std::vector<file_change>& changes, const circumstances& when);

  /// When to take(); nullopt: there is nothing to wait for.
  std::optional<steady_time> due() const noexcept { return due_; }

  struct verdict {
    bool is_restart = false; ///< false: the watch is paused from now on
    std::string text;        ///< "src/a.js changed"; why it is paused
  };
  /// What has been gathered leads to, once it is due.
  verdict take(steady_time now);

  /// Somebody has asked for something else.
  void drop() noexcept;
  /// Somebody has asked for a start or a restart.
  void resume() noexcept;

private:
  struct own_restart {
    steady_time at{};
    std::vector<std::string> names;
  };

  std::string names() const;
  std::string words_of_loop() const;

  std::vector<file_change> changes_;
  size_t more_ = 0; ///< changes whose names are not kept
  steady_time first_{};
  std::optional<steady_time> due_;
  bool is_own_ = false; ///< the first of them came soon after a launch
  std::deque<own_restart> own_;
  bool is_paused_ = false;
};

} // namespace procvisor
