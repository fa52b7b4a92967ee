#pragma once

#include <string>

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/recorder/protocol.hpp"

namespace procvisor::recorder {

/// Keeps one file on disk equal to the newest content it was given, at most one write a second: each blocks in fsync,
/// and with it everything that the recorder does.
class state_file_state {
public:
  static inline const char* name = "procvisor.state_file";

  state_file_state(state_file_actor::pointer self, std::string path, recorder_actor root);
  state_file_actor::behavior_type make_behavior();

private:
  void on_save(const save& wanted);
  void write_pending();

  state_file_actor::pointer self_;
  std::string path_;
  recorder_actor root_;
  save pending_;       ///< waits for the end of the pause; without content: nothing does
  bool waits_ = false; ///< a timer runs, until next_write_
  caf::actor_clock::time_point next_write_{};
};

using state_file_impl = state_file_actor::stateful_impl<state_file_state>;

} // namespace procvisor::recorder
