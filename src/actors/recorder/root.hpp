#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <nlohmann/json_fwd.hpp>

#include "actors/recorder/log_pipe.hpp"
#include "actors/recorder/log_stream.hpp"
#include "actors/recorder/protocol.hpp"
#include "core/journal_line.hpp"
#include "keeper/wire.hpp"
#include "os/packet_socket.hpp"

namespace procvisor::recorder {

/// Speaks with the keeper and the daemon, and has an actor for each thing that is written.
///
/// It ends when the keeper's socket does: what the daemon has said is taken, the log writers empty their pipes, the
/// readers get the last lines, the journal is closed last. The daemon's end changes nothing: pipes are drained, and the
/// keeper will pass on the socket to the next one.
class root_state {
public:
  static inline const char* name = "procvisor.recorder";

  /// `pool` outlives the actor. `keeps_state`: false for a keeper that leaves nothing behind (`procvisor runtime`).
  root_state(recorder_actor::pointer self, os::unique_fd keeper, std::string journal_path, drain_pool& pool,
             bool keeps_state = true);
  recorder_actor::behavior_type make_behavior();

private:
  enum class phase {
    serving,
    ending_writers,
    ending_readers,
    ending_journal,
  };
  using json = nlohmann::json;
  using fd_list = std::vector<os::unique_fd>;
  /// What to do with a packet of one op, and how many fds come with it.
  struct operation {
    std::string_view name;
    size_t fds;
    void (root_state::*run)(const json& packet, fd_list fds);
  };
  static const std::array<operation, 9> operations;

  // -- from the keeper
  void on_keeper_ready();
  /// False: it was the last one.
  bool on_keeper_packet(os::packet packet);
  void meet_daemon(fd_list fds);
  void hold(const keeper::launch_key& key, fd_list fds);

  // -- from the daemon
  void on_daemon_ready();
  /// False: nothing more is there.
  bool take_daemon_packet();
  void on_daemon_packet(os::packet packet);
  /// A process that has no writer yet: who follows all hears of it before it says anything.
  void announce(const log_writer_actor& writer, process_id id, const std::string& app);
  void on_open(const json& packet, fd_list fds);
  void on_ended(const json& packet, fd_list fds);
  void on_forget(const json& packet, fd_list fds);
  void on_journal(const json& packet, fd_list fds);
  void on_save(const json& packet, fd_list fds);
  void on_logs(const json& packet, fd_list fds);
  void on_tail(const json& packet, fd_list fds);
  void on_flush(const json& packet, fd_list fds);
  void on_reopen(const json& packet, fd_list fds);
  void arm_daemon();
  void lose_daemon();

  // -- to the daemon
  void answer(const json& packet);
  void flush_answers();

  // -- the actors below
  log_writer_actor writer_of(process_id id);
  journal_actor spawn_journal();
  void on_rotated(const log_rotated& rotated);
  /// Log files and journal. `done` gets a text for each that could not be opened.
  void reopen_all(std::function<void(const json& failed)> done);
  void on_writer_failed(const writer_failed& last_words);
  void on_down(const caf::actor_addr& source);
  void finish_all();
  void enter_next_phase();

  /// A line of the recorder's own in the journal.
  void note(std::string_view text, severity level = severity::warning);

  recorder_actor::pointer self_;
  drain_pool& pool_;
  watched_fd keeper_;
  watched_fd daemon_;
  std::deque<std::string> answers_; ///< one for each request of the daemon at most, and it reads them
  std::string journal_path_;
  bool keeps_state_;
  journal_actor journal_;
  log_compressor_actor compressor_; ///< from when there is something to compress
  std::unordered_map<process_id, log_writer_actor> writers_;
  std::vector<log_writer_actor> forgotten_; ///< their pipes are still open
  std::map<std::string, state_file_actor> state_files_;
  std::vector<log_stream_actor> streams_;
  /// Those of them that follow whatever comes, too.
  struct follower_of_all {
    log_stream_actor stream;
    bool wants_out = false;
    bool wants_err = false;
  };
  std::vector<follower_of_all> follow_all_;
  std::map<std::pair<process_id, generation>, std::shared_ptr<launch_pipes>> held_; ///< until the daemon says where to
  std::deque<caf::actor_clock::time_point> failures_;
  phase phase_ = phase::serving;
};

using root_impl = recorder_actor::stateful_impl<root_state>;

} // namespace procvisor::recorder
