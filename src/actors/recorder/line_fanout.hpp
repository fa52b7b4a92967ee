#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/recorder/protocol.hpp"

namespace procvisor::recorder {

/// Cuts a stream into lines for those who follow it. Exists only while there is one.
class line_fanout {
public:
  /// `unfinished`: what the stream's last line has so far.
  explicit line_fanout(std::string unfinished) : unfinished_(std::move(unfinished)) {}

  void add(log_stream_actor follower) { followers_.push_back(std::move(follower)); }
  void remove(const caf::actor_addr& follower);
  bool has_followers() const noexcept { return !followers_.empty(); }
  size_t unfinished_bytes() const noexcept { return unfinished_.size(); }

  void feed(process_id id, channel from, std::string_view bytes);
  /// The stream is over: its last line will get no newline.
  void end_line(process_id id, channel from);

private:
  void send(process_id id, channel from, std::string lines);

  std::vector<log_stream_actor> followers_;
  std::string unfinished_;
};

} // namespace procvisor::recorder
