#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "actors/protocol.hpp"
#include "core/process_event.hpp"

namespace procvisor {

/// Tells those who follow the events what happens to the processes, in the order in which it happens. Costs nothing while
/// there is nobody. A part of the registry, whose actor it uses.
class event_desk {
public:
  /// More would be refused: each may hold event_stream's limit of bytes.
  static constexpr size_t most_followers = 512;
  /// While the recorder, which knows the last words, is held up by a disk: more leave without them.
  static constexpr size_t most_waiting = 4096;

  event_desk(registry_actor::pointer self, recorder_link_actor recorder)
    : self_(self), recorder_(std::move(recorder)) {}

  /// False: there are as many as there may be.
  bool add(const event_stream_actor& follower);
  /// False: it is none of them.
  bool drop(const caf::actor_addr& follower);

  void on_changed(const listed_process& of, const lifecycle& before, const lifecycle& after);
  void on_reloaded(const listed_process& of, const lifecycle& before, const lifecycle& after);
  void on_removed(const listed_process& of, const lifecycle& state);
  void on_said(const listed_process& of, const app_said& said);

private:
  /// In the order in which they are to leave. The end of an app waits for its last words.
  struct waiting_event {
    nlohmann::json message;
    bool is_complete = true;
  };
  using shared_event = std::shared_ptr<waiting_event>;

  shared_event enter(const char* method, nlohmann::json params, bool is_complete = true);
  void add_last_words(const shared_event& event, process_id id, generation gen);
  void send_complete();

  registry_actor::pointer self_;
  recorder_link_actor recorder_;
  std::vector<event_stream_actor> followers_;
  std::deque<shared_event> waiting_;
};

} // namespace procvisor
