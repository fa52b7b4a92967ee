#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "os/unique_fd.hpp"

namespace procvisor::recorder {

/// A file that is appended to. What cannot be written is counted, and the count is written down as a line of the file
/// as soon as it takes one again: `[procvisor] N bytes of output were lost: No space left on device`.
class log_sink {
public:
  using time_point = std::chrono::steady_clock::time_point;

  log_sink() = default; ///< throws away

  /// Opens the file anew, also where the path is the same: it may have been moved away. Returns the trouble with it, if
  /// any, as one line for the user. An empty path: everything is thrown away.
  std::string open(std::string path, time_point now);

  /// Appends all of it. Returns the trouble that begins with this call, if any, as one line for the user.
  std::string append(std::span<const std::byte> bytes, time_point now);
  /// Writes the count of what was lost, if there is one and the file takes it.
  void note_losses();

  const std::string& path() const noexcept { return path_; }
  /// Of the file now; 0 where it has none.
  off_t size() const;

private:
  /// How many bytes went out; errno says why not all.
  size_t write_out(std::span<const std::byte> bytes);
  std::string lose(size_t bytes, int why);

  std::string path_;
  os::unique_fd fd_;
  int lost_because_ = 0; ///< errno of the first loss, while lost_ is not 0
  uint64_t lost_ = 0;    ///< bytes that nothing has been written about yet
  time_point open_again_{};
  bool is_at_line_start_ = true;
};

} // namespace procvisor::recorder
