#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <caf/disposable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <nlohmann/json.hpp>

#include "actors/packet_channel.hpp"
#include "actors/protocol.hpp"
#include "actors/recorder_backlog.hpp"
#include "core/journal_line.hpp"

namespace procvisor {

/// Passes packets to the recorder and hears what it has to say. Nobody waits for it: where the recorder is stalled by a
/// disk, packets wait here, within bounds.
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

  /// What has been handed to the recorder of one file, and is not yet known to be on disk.
  struct unsaved_file {
    uint64_t tag = 0;
    save_file newest;
    std::vector<std::pair<uint64_t, caf::typed_response_promise<std::string>>> waiting; ///< by tag
  };

  void send(recorder_packet packet);
  bool send_now(const recorder_packet& packet); ///< false: there is no room
  void send_waiting();
  void on_packet(const os::packet& received);
  caf::result<std::string> on_tail(const tail_stderr& wanted);
  caf::result<order_outcome> on_order(const recorder_order& order);
  /// Sends a packet with a tag of its own. `settle_it` is called once.
  void ask(json packet, std::chrono::milliseconds limit, std::function<void(const json& answer)> settle_it);
  /// Late and double answers find no question.
  void settle(uint64_t tag, const json& answer);
  /// Whoever was asked is gone.
  void settle_all();
  caf::result<std::string> on_save(const save_file& wanted);
  void send_file(const unsaved_file& file);
  void on_saved(const std::string& path, uint64_t tag, const std::string& failed);

  recorder_link_actor::pointer self_;
  event_loop& loop_;
  packet_channel recorder_;
  recorder_backlog backlog_;
  std::map<uint64_t, question> questions_;      ///< by tag; each for no longer than its limit
  std::map<std::string, unsaved_file> unsaved_; ///< by path
  uint64_t newest_tag_ = 0;
};

using recorder_link_impl = recorder_link_actor::stateful_impl<recorder_link_state>;

/// The recorder is to read what a launch writes. Without fds: from the pipes that the keeper has passed on to it.
recorder_packet open_packet(process_id id, generation gen, pid_t pid, const app_spec& spec, const log_paths& files,
                            std::vector<shared_fd> fds);

/// A line for procvisor.log.
recorder_packet journal_packet(severity level, std::string_view label, pid_t pid, std::string_view text);

/// Whether PROCVISOR_DEBUG asks for lines of severity::debug.
bool is_verbose();

} // namespace procvisor
