#pragma once

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/packet_channel.hpp"
#include "actors/protocol.hpp"
#include "core/journal_line.hpp"

namespace procvisor {

/// Passes packets to the recorder and hears what it has to say. Nobody waits for it: where the recorder is stalled by a
/// disk, packets queue here.
class recorder_link_state {
public:
  static inline const char* name = "procvisor.recorder_link";

  recorder_link_state(recorder_link_actor::pointer self, shared_fd socket);
  recorder_link_actor::behavior_type make_behavior();

private:
  void on_packet(const os::packet& received);

  recorder_link_actor::pointer self_;
  event_loop& loop_;
  packet_channel recorder_;
};

using recorder_link_impl = recorder_link_actor::stateful_impl<recorder_link_state>;

/// A line for procvisor.log.
recorder_packet journal_packet(severity level, std::string_view label, pid_t pid, std::string_view text);

} // namespace procvisor
