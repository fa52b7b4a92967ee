#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <caf/disposable.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/ipc_channel.hpp"
#include "actors/protocol.hpp"
#include "core/notification.hpp"

namespace procvisor {

/// How an app answers within this, or a trigger has failed.
inline constexpr std::chrono::milliseconds reply_limit{10'000};

/// What is said between an app's actor and the program that runs: its IPC channel, its word that it is ready, lines for its
/// stdin, signals.
class app_talk {
public:
  /// What the actor does with what it hears.
  class listener {
  public:
    virtual void on_ready() = 0;                               ///< the program says that it is ready
    virtual void on_stopping() = 0;                            ///< that it is about to end
    virtual void on_more_time(std::chrono::milliseconds) = 0;  ///< that it needs so long, from now on
    virtual void on_unwell(const std::string& why) = 0;        ///< its watchdog
    virtual void on_said(const ipc::said& message) = 0;        ///< to whom it may concern
    virtual void on_trouble(const std::string& text) = 0;      ///< a line for the journal
    virtual void on_offers(const shared_offers& offers) = 0;   ///< they have changed
    virtual void on_cluster(const cluster::message& said) = 0; ///< what Node's cluster module says
    virtual void on_closed() = 0;                              ///< it has closed the channel, or has ended

  protected:
    ~listener() = default;
  };

  app_talk(app_actor::pointer self, listener& to) : self_(self), listener_(to) {}

  void begin(const shared_fd& channel);
  /// From now on it has to say that often that it is well; zero: no longer.
  void expect_signs_of_life(std::chrono::milliseconds limit);
  /// Hears what is said to NOTIFY_SOCKET of the launch that has this address, by the user it runs as, by root or by whom
  /// this process is.
  void hear_notifications(const std::string& address, std::optional<uid_t> user);
  /// The program has ended. What it said last still counts; who waits for a reply gets none.
  void end(const process_view& view);

  void on_event(const fd_ready& ready);

  /// False: it has no channel, or does not read it.
  bool say_shutdown() { return channel_.send(ipc::shutdown_message()); }
  bool say_line(std::string_view line, shared_fd fd) { return channel_.send_line(line, std::move(fd)); }

  /// `send_signal` sends one to the process; false: errno says why.
  caf::result<app_answer> take(const app_order& order, const std::string& name, const process_view& view,
                               const std::function<bool(int)>& send_signal);

private:
  struct pending_action {
    std::string action;
    caf::typed_response_promise<app_answer> promise;
    process_view view;
    caf::disposable limit;
    uint64_t number = 0;
  };

  void on_message(const ipc::message& said);
  void take_notifications();
  void take(const notification& said);
  void on_reply(const ipc::action_reply& reply);
  void complain_once(const char* about);
  void publish() { listener_.on_offers(std::make_shared<const app_offers>(offers_)); }
  caf::result<app_answer> trigger(const action_order& order, const std::string& name, const process_view& view);
  void give_up(uint64_t number, error why);

  app_actor::pointer self_;
  listener& listener_;
  ipc_channel channel_;
  watched_fd notifications_;
  std::optional<uid_t> user_; ///< whose word counts beside root's
  app_offers offers_;
  bool has_complained_ = false; ///< of this launch
  std::vector<pending_action> pending_;
  uint64_t newest_ = 0;
  std::chrono::milliseconds watchdog_{0}; ///< zero: off
  caf::disposable silence_;
};

} // namespace procvisor
