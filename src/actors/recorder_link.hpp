#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <caf/disposable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

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
  struct question {
    caf::typed_response_promise<std::string> answer;
    caf::disposable limit;
  };

  void on_packet(const os::packet& received);
  caf::result<std::string> on_tail(const tail_stderr& wanted);
  /// Late and double answers find no question.
  void answer_tail(uint64_t tag, std::string text);
  /// Whoever was asked is gone.
  void answer_all_tails();

  recorder_link_actor::pointer self_;
  event_loop& loop_;
  packet_channel recorder_;
  std::map<uint64_t, question> tails_; ///< by tag; each for no longer than its limit
  uint64_t newest_tag_ = 0;
};

using recorder_link_impl = recorder_link_actor::stateful_impl<recorder_link_state>;

/// A line for procvisor.log.
recorder_packet journal_packet(severity level, std::string_view label, pid_t pid, std::string_view text);

} // namespace procvisor
