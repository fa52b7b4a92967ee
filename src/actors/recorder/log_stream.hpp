#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <ctime>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/recorder/protocol.hpp"
#include "os/file_tail.hpp"

namespace procvisor::recorder {

/// What a client wants to see: a file, and the lines that come to it. Without a path there are only lines, without a
/// writer only the file.
struct log_source {
  process_id id{};
  std::string name;
  channel from = channel::out;
  std::string path;
  followed_actor writer = {};
};

struct logs_request {
  std::string request_id; ///< as JSON
  size_t lines = 0;
  bool follows = false;
  std::vector<log_source> sources;
};

/// Serves one client that asked for logs: the last lines of each file, oldest file first, and then each new line. Owns
/// the client's socket. Memory is bounded: files are read as fast as the client reads, and new lines for which there is
/// no room are counted, and the client is told how many it missed.
class log_stream_state {
public:
  static inline const char* name = "procvisor.log_stream";

  log_stream_state(log_stream_actor::pointer self, os::unique_fd client, logs_request request);
  log_stream_actor::behavior_type make_behavior();

private:
  enum class phase {
    waiting, ///< for the writers to say from where on they send lines
    tails,
    live,
    closing, ///< the result is in the outbox
  };
  /// A file of which the last lines are yet to be sent.
  struct pending_tail {
    const log_source* source = nullptr;
    off_t end = 0;
    timespec modified{};
  };

  void add_prefixes(const new_source& app);
  void start_at(size_t source, off_t end);
  void begin_tails();
  void on_block(const log_block& block);
  void on_ready(const fd_ready& ready);

  /// Sends what the socket takes, then waits for it or for more lines; ends where nothing more is to come.
  void advance();
  /// Fills the outbox with lines of the files, a block of them at a time.
  void render_tails();
  void note_skipped();
  bool has_room() const noexcept;

  log_stream_actor::pointer self_;
  watched_fd client_;
  logs_request request_;
  phase phase_ = phase::waiting;
  size_t starts_missing_ = 1;
  std::vector<off_t> ends_;         ///< of each source: where its tail ends and its lines begin
  std::vector<pending_tail> tails_; ///< the next one at the back
  const log_source* current_source_ = nullptr;
  os::file_tail current_;
  std::map<std::pair<process_id, channel>, std::string> line_prefixes_;
  std::string outbox_;
  std::string held_;         ///< new lines, until the tails are through
  size_t skipped_ = 0;       ///< lines for which there was no room
  uint32_t input_ = EPOLLIN; ///< 0: the client will say nothing more
};

using log_stream_impl = log_stream_actor::stateful_impl<log_stream_state>;

} // namespace procvisor::recorder
