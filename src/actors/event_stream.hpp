#pragma once

#include <deque>
#include <memory>
#include <string>

#include <caf/disposable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <nlohmann/json.hpp>

#include "actors/protocol.hpp"

namespace procvisor {

/// A client that follows the events: takes its connection over from a session. Nothing is skipped: one that does not keep
/// up is told so and cut off.
class event_stream_state {
public:
  static inline const char* name = "procvisor.event_stream";

  /// Of one client, in bytes. Clients share the texts.
  static constexpr size_t most_waiting = 4U * 1024 * 1024;
  static constexpr std::chrono::seconds patience{30};

  /// `request`: the id of the request that this answers.
  event_stream_state(event_stream_actor::pointer self, shared_fd client, nlohmann::json request,
                     registry_actor registry);
  ~event_stream_state() { until_cut_off_.dispose(); }
  event_stream_actor::behavior_type make_behavior();

private:
  void on_accepted(bool is_accepted);
  void on_ready(const fd_ready& ready);
  void take(const event_line& line);
  void add(std::string line);
  void end_with(const std::string& last_line);
  void flush();

  event_stream_actor::pointer self_;
  watched_fd client_;
  nlohmann::json request_;
  registry_actor registry_;
  std::deque<std::shared_ptr<const std::string>> lines_;
  size_t sent_ = 0;  ///< of the first one
  size_t bytes_ = 0; ///< of all
  bool is_ending_ = false;
  caf::disposable until_cut_off_; ///< while the client does not read
};

using event_stream_impl = event_stream_actor::stateful_impl<event_stream_state>;

} // namespace procvisor
