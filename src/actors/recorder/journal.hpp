#pragma once

#include <memory>
#include <string>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/recorder/line_fanout.hpp"
#include "actors/recorder/log_sink.hpp"
#include "actors/recorder/protocol.hpp"

namespace procvisor::recorder {

/// The only writer of procvisor.log. A file that has grown to 10 MiB becomes `<path>.1`, and so on up to `.3`.
class journal_state {
public:
  static inline const char* name = "procvisor.journal";

  journal_state(journal_actor::pointer self, std::string path);
  journal_actor::behavior_type make_behavior();

private:
  void on_line(const std::string& text);
  follow_start on_follow(const log_stream_actor& follower);

  journal_actor::pointer self_;
  log_sink file_;
  line_fanout fanout_{{}};
};

using journal_impl = journal_actor::stateful_impl<journal_state>;

} // namespace procvisor::recorder
