#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <caf/disposable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <nlohmann/json.hpp>

#include "actors/protocol.hpp"
#include "actors/rpc_server.hpp"
#include "rpc/request.hpp"

namespace procvisor {

/// One client. Takes one request after the other: the next is read when the reply to the last has left. What a client
/// can make us hold is one request and one reply, each at most rpc::max_message_bytes; what all of them can, is
/// rpc::most_held_bytes. One that takes nothing of its reply for half a minute is cut off.
class session_state {
public:
  static inline const char* name = "procvisor.session";

  session_state(session_actor::pointer self, shared_fd client, session_peers peers);
  ~session_state();
  session_actor::behavior_type make_behavior();

private:
  void on_ready(const fd_ready& ready);
  bool on_make_room();
  /// Counts what is held now. False: together with the other sessions it is too much.
  bool account();
  void read();
  /// False: no whole request is there.
  bool handle_next_line();
  void handle(const result<rpc::request>& request);

  /// A method of the wire (rpc/wire.hpp) and what serves it.
  struct method {
    std::string_view name;
    void (session_state::*serve)(const nlohmann::json& params);
  };
  static std::span<const method> methods();

  // -- session_actions.cpp: what changes something
  void start(const nlohmann::json& params);
  void stop(const nlohmann::json& params) { act(app_verb::stop, params); }
  void restart(const nlohmann::json& params) { act(app_verb::restart, params); }
  void reload(const nlohmann::json& params);
  void remove(const nlohmann::json& params) { act(app_verb::remove, params); }
  void reset(const nlohmann::json& params) { act(app_verb::reset, params); }
  void act(app_verb verb, const nlohmann::json& params, std::optional<reload_manner> reload = {});
  void send_text(const nlohmann::json& params);
  void signal(const nlohmann::json& params);
  void trigger(const nlohmann::json& params);
  void pass(const nlohmann::json& params, app_order what);
  void scale(const nlohmann::json& params);
  void dump(const nlohmann::json& params);
  void clear_dump(const nlohmann::json& params);
  void save(const dump_list& request);
  void resurrect(const nlohmann::json& params);
  void update(const nlohmann::json& params);
  void kill(const nlohmann::json& params);
  void reply_outcome(const outcome& result);

  // -- session_reads.cpp: what only looks
  void ping(const nlohmann::json& params);
  void list(const nlohmann::json& params);
  void jlist(const nlohmann::json& params);
  void describe(const nlohmann::json& params);
  void env(const nlohmann::json& params);
  void logs(const nlohmann::json& params);
  void events(const nlohmann::json& params);

  // -- session_upkeep.cpp: what changes log files
  void flush_logs(const nlohmann::json& params);
  void reload_logs(const nlohmann::json& params);
  /// Has the recorder carry it out, and replies with what was done and what was not.
  void order(const nlohmann::json& packet, nlohmann::json done);

  /// Asks the registry what the targets mean, and the sampler for the usage of what runs.
  template <class Then>
  void with_usage(std::vector<std::string> targets, Then then);
  template <class Result, class Then>
  void ask_registry(const auto& question, Then then);

  void reply(const nlohmann::json& result);
  void reply_text(std::string_view result); ///< JSON already
  void reply_error(const error& what);
  void send(std::string message);
  void flush();

  session_actor::pointer self_;
  session_peers peers_;
  watched_fd client_;
  std::string in_;
  size_t scanned_ = 0; ///< bytes of in_ that are known to hold no newline
  std::string out_;
  size_t sent_ = 0;
  size_t accounted_ = 0;          ///< bytes of in_ and out_, in peers_.held_bytes
  caf::disposable until_cut_off_; ///< while the client does not read
  nlohmann::json id_;             ///< of the request under way
  bool is_busy_ = false;
  bool is_large_ = false; ///< the request under way: what it was read into lies in the midst of what it left behind
  bool ends_everything_ = false; ///< once the reply has left
};

using session_impl = session_actor::stateful_impl<session_state>;

template <class Result, class Then>
void session_state::ask_registry(const auto& question, Then then) {
  self_->request(peers_.registry, caf::infinite, question)
      .then([then](const Result& result) { then(result); },
            [this](const caf::error& why) {
              reply_error({exit_code::other, caf::to_string(why), {}});
            });
}

template <class Then>
void session_state::with_usage(std::vector<std::string> targets, Then then) {
  ask_registry<found_processes>(find_processes{std::move(targets)}, [this, then](const found_processes& answer) {
    const auto found = std::make_shared<const found_processes>(answer); // CAF copies a handler more than once
    sample_processes question;
    for (const auto& one : found->processes)
      question.pids.push_back(one.view.pid);
    self_->request(peers_.sampler, caf::infinite, std::move(question))
        .then([then, found](const samples& taken) { then(*found, taken.values); },
              [this](const caf::error& why) {
                reply_error({exit_code::other, caf::to_string(why), {}});
              });
  });
}

} // namespace procvisor
