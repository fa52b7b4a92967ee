#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>

#include "actors/protocol.hpp"

namespace procvisor {

/// What waits for a recorder that is stalled by a disk. Bounded by the number of processes and clients, whatever they do
/// meanwhile: lines of procvisor.log beyond a number are counted instead, and of launches that are over, the earliest
/// are given up, with what their pipes hold. A launch that runs always waits: nobody else would read its output.
class recorder_backlog {
public:
  static constexpr size_t most_lines = 1000;
  static constexpr size_t most_ended_launches = 64;
  static constexpr size_t most_clients = 128;

  bool empty() const noexcept { return waiting_.empty(); }
  size_t size() const noexcept { return waiting_.size(); }
  void push(recorder_packet packet);
  const recorder_packet& front() const noexcept { return waiting_.front(); }
  void pop();

  /// The packet was sent without having waited here.
  void note_sent(const recorder_packet& packet);
  /// Nobody waits for the answer any more.
  void withdraw(uint64_t tag);
  /// The recorder was started anew. It is told of the launches that run, and has their pipes from the keeper.
  void begin_anew();
  /// For procvisor.log: what was lost since the last call. Empty: nothing.
  std::string take_losses();

private:
  void give_up_ended_launch();

  std::deque<recorder_packet> waiting_;
  std::set<process_id> known_; ///< to the recorder
  size_t lines_ = 0;
  size_t ended_launches_ = 0; ///< of which both ends wait
  size_t clients_ = 0;
  size_t lost_lines_ = 0;
  size_t lost_launches_ = 0;
  size_t lost_bytes_ = 0; ///< in their pipes
};

} // namespace procvisor
