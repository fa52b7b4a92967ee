#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "core/log_rotation.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::recorder {

/// A file that is appended to, and put aside between two lines when it is large or old enough (core/log_rotation). What
/// cannot be written is counted, and the count is written down as a line of the file as soon as it takes one again:
/// `[procvisor] N bytes of output were lost: No space left on device`. On a full disk what was put aside goes first, the
/// oldest of it first.
class log_sink {
public:
  using time_point = std::chrono::steady_clock::time_point;

  log_sink() = default; ///< throws away

  /// Opens the file anew, also where the path is the same: it may have been moved away. Returns the trouble with it, if
  /// any, as one line for the user. An empty path: everything is thrown away.
  std::string open(std::string path, const log_limits& limits, time_point now);
  /// The same one.
  std::string open_again(time_point now) { return open(path_, limits_, now); }

  /// Somebody who writes to the same file may have put it aside.
  std::string follow_rotation(time_point now);

  /// Appends all of it. Returns the trouble that begins with this call, if any, as one line for the user.
  std::string append(std::span<const std::byte> bytes, time_point now);
  /// Writes the count of what was lost, if there is one and the file takes it.
  void note_losses();

  const std::string& path() const noexcept { return path_; }
  const log_limits& limits() const noexcept { return limits_; }
  /// Of the file now; 0 where it has none.
  off_t size() const;

  /// Whether the file has been put aside since this was asked last.
  bool take_rotated() noexcept { return std::exchange(was_rotated_, false); }

private:
  /// How many bytes went out; errno says why not all.
  size_t write_out(std::span<const std::byte> bytes);
  std::string lose(size_t bytes, int why);
  std::string rotate(time_point now);
  bool is_due() const;
  void learn_size();

  std::string path_;
  log_limits limits_;
  os::unique_fd fd_;
  int lost_because_ = 0;  ///< errno of the first loss, while lost_ is not 0
  uint64_t lost_ = 0;     ///< bytes that nothing has been written about yet
  uint64_t size_ = 0;     ///< of the file, as far as is known here; others may write to it
  uint64_t unlearnt_ = 0; ///< bytes written since its size was asked for
  int64_t period_ = 0;    ///< in which it was begun, or last written to before it was opened
  time_point open_again_{};
  time_point rotate_again_{}; ///< after a failure
  bool is_at_line_start_ = true;
  bool can_rotate_ = false; ///< it is a regular file, and has limits
  bool was_rotated_ = false;
};

} // namespace procvisor::recorder
