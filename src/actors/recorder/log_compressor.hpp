#pragma once

#include <sys/types.h>

#include <deque>
#include <string>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/recorder/protocol.hpp"
#include "loop/event_loop.hpp"

namespace procvisor::recorder {

/// Compresses what logs were before, all but the newest of it, by gzip(1) at the lowest priority: one file at a time. A file
/// may get another number meanwhile; it is known by its inode.
class log_compressor_state {
public:
  static inline const char* name = "procvisor.log_compressor";

  log_compressor_state(log_compressor_actor::pointer self, recorder_actor root);
  ~log_compressor_state(); ///< what is under way is given up, and done again after the next rotation
  log_compressor_actor::behavior_type make_behavior();

private:
  void begin_next();
  /// False: there is nothing to do for this log.
  bool begin(const std::string& log);
  void on_ended();
  void give_up(const std::string& why);

  log_compressor_actor::pointer self_;
  recorder_actor root_;
  std::deque<std::string> waiting_; ///< logs, each once
  std::string log_;                 ///< the one under way
  ino_t inode_ = 0;
  pid_t pid_ = 0;
  watched_fd ended_;
};

using log_compressor_impl = log_compressor_actor::stateful_impl<log_compressor_state>;

} // namespace procvisor::recorder
