#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/recorder/launch_format.hpp"
#include "actors/recorder/line_fanout.hpp"
#include "actors/recorder/log_pipe.hpp"
#include "actors/recorder/log_sink.hpp"
#include "actors/recorder/protocol.hpp"

namespace procvisor::recorder {

/// Carries the output of one process id from its pipes to its log files: of the newest launch, and of earlier ones
/// whose pipes have not ended (a reload; a grandchild that holds them open).
///
/// The pipe is the buffer: an app that writes more than the disk takes is held back by its full pipe. Each wake-up does
/// a bounded amount of work, then the other pipes have their turn.
class log_writer_state {
public:
  static inline const char* name = "procvisor.log_writer";

  /// `pool` outlives the actor.
  log_writer_state(log_writer_actor::pointer self, process_id id, recorder_actor root, drain_pool& pool);
  log_writer_actor::behavior_type make_behavior();

private:
  static constexpr std::array channels{channel::out, channel::err};
  static constexpr size_t streams = channels.size();

  struct launch {
    generation gen{};
    pid_t pid = 0;
    bool is_over = false; ///< its pipes may be open all the same, for what it has started
    std::array<log_pipe, streams> pipes;
    std::unique_ptr<launch_format> format; ///< nullptr: the bytes go to the files as they come
  };

  void on_opened(const launch_opened& opened);
  void on_ended(generation gen);
  void on_ready(uint64_t token);
  void on_forget();
  void on_finish();
  void on_down(const caf::actor_addr& follower);
  follow_start on_follow(const follow& wanted);
  std::string last_errors(const tail& wanted);
  std::string on_reopen();
  caf::error hand_over(const std::exception_ptr& thrown);

  launch* find(generation gen) noexcept;
  /// Reads and writes until the pipe is empty or a turn's work is done, then waits for more.
  void drain_turn(launch& from, size_t stream, bool after_pause);
  /// Takes what is in the pipes at this moment: everything that a process which is over has written.
  void drain_waiting(launch& from);
  /// The same, and the line that is not finished.
  void drain_to_the_end(launch& over);
  /// Writes what has been read. 0 bytes: the pipe has ended.
  void take(launch& from, size_t stream, size_t bytes);
  /// Writes the lines that are still waiting for their newline.
  void finish_line(launch& from, size_t stream);
  /// To the stream's files, and to those who follow it.
  void store(size_t stream, std::string_view text);
  void append_to(log_sink& file, std::span<const std::byte> bytes, log_sink::time_point now);
  void on_rotated(const log_rotated& rotated);
  void remember_errors(std::string_view bytes);
  void write_pid_file(pid_t pid);
  void rest(generation gen, size_t stream);
  void watch_for_quiet(generation gen, size_t stream);
  /// Invalidates references to launches.
  void drop_ended_launches();

  log_sink& sink(size_t stream) noexcept { return sinks_[shares_sink_ ? 0 : stream]; }
  /// The file that a reader of the stream is shown.
  const log_sink& shown(size_t stream) noexcept {
    return sink(stream).path().empty() && combined_ ? *combined_ : sink(stream);
  }
  /// Those that there are.
  std::vector<log_sink*> files();
  void note_losses();
  void tell(std::string trouble_text);

  log_writer_actor::pointer self_;
  recorder_actor root_;
  drain_pool& pool_;
  process_id id_;
  launch_opened newest_;     ///< its pipes are in launches_
  bool shares_sink_ = false; ///< out and err are the same file
  bool is_forgotten_ = false;
  std::vector<launch> launches_;
  std::array<log_sink, streams> sinks_;
  std::unique_ptr<log_sink> combined_; ///< null: there is none
  std::array<std::unique_ptr<line_fanout>, streams> fanouts_;
  off_t errors_from_ = 0; ///< size of the error log when the newest launch began
  /// The end of what the newest launch wrote to stderr, where no file has it alone and as it was.
  std::string recent_errors_;
  bool remembers_errors_ = false;
};

using log_writer_impl = log_writer_actor::stateful_impl<log_writer_state>;

} // namespace procvisor::recorder
