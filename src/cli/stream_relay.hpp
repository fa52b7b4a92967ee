#pragma once

#include <poll.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "os/unique_fd.hpp"

namespace procvisor::cli {

/// A pipe whose other end this process writes to one of its own descriptors, never waiting for that: whoever writes into
/// the pipe waits.
class stream_relay {
public:
  /// Its pipe is empty where there were no descriptors.
  explicit stream_relay(int to);

  /// From now on what comes is lines of JSON, and is passed on as fields (line_fields.hpp).
  void show_fields() noexcept { as_fields_ = true; }

  /// How long a reader may take nothing, once the end is near.
  static constexpr int patience_ms = 1000;

  bool is_open() const noexcept { return static_cast<bool>(read_end_); }

  /// A path by which another process of this user can open the pipe for writing, while this one lives.
  std::string path() const;

  /// A line of this process's own; dropped where the pipe is full.
  void add(std::string_view line) const;

  /// What poll(2) is to wait for; the descriptor is -1 where there is nothing.
  pollfd wanted() const;
  void on(const pollfd& ready);

  /// The reader has taken nothing for a while, and the end is near: throws away what it has not taken, and what comes.
  void drop_if_stuck();

  /// Once nobody else has the pipe any more: passes on the rest, as long as the reader takes some each second.
  void finish();

private:
  void take(std::string_view block);

  int to_;
  bool as_fields_ = false;
  bool is_unwanted_ = false;
  std::string incomplete_; ///< the begin of a line
  os::unique_fd read_end_;
  os::unique_fd write_end_;
  std::string waiting_; ///< read, and not written yet
  size_t written_ = 0;  ///< of it
};

} // namespace procvisor::cli
