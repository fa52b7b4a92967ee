#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include <caf/disposable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <nlohmann/json.hpp>

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
  using json = nlohmann::json;
  struct question {
    std::function<void(const json& answer)> settle; ///< null: there is none
    caf::disposable limit;
  };

  void on_packet(const os::packet& received);
  caf::result<std::string> on_tail(const tail_stderr& wanted);
  caf::result<order_outcome> on_order(const recorder_order& order);
  /// Sends a packet with a tag of its own. `settle_it` is called once.
  void ask(json packet, std::chrono::milliseconds limit, std::function<void(const json& answer)> settle_it);
  /// Late and double answers find no question.
  void settle(uint64_t tag, const json& answer);
  /// Whoever was asked is gone.
  void settle_all();

  recorder_link_actor::pointer self_;
  event_loop& loop_;
  packet_channel recorder_;
  std::map<uint64_t, question> questions_; ///< by tag; each for no longer than its limit
  uint64_t newest_tag_ = 0;
};

using recorder_link_impl = recorder_link_actor::stateful_impl<recorder_link_state>;

/// A line for procvisor.log.
recorder_packet journal_packet(severity level, std::string_view label, pid_t pid, std::string_view text);

} // namespace procvisor
