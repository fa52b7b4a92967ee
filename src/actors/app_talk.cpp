#include "actors/app_talk.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include "core/signal_name.hpp"
#include "core/suggest.hpp"
#include "core/text.hpp"
#include "os/child_input.hpp"
#include "os/notify_socket.hpp"

namespace procvisor {

namespace {

/// Replies that an app can owe at one time.
constexpr size_t most_pending = 100;

/// Of one app, before others have their turn.
constexpr int notifications_at_once = 16;

constexpr auto as_it_is = nlohmann::json::error_handler_t::replace;

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

error about(const std::string& name, const error& why) {
  return {why.code, fmt::format("'{}': {}", name, why.what), why.hint};
}

std::vector<std::string_view> names_of(const nlohmann::json& actions) {
  std::vector<std::string_view> names;
  for (const auto& one : actions)
    names.push_back(one.at("action_name").get_ref<const std::string&>());
  return names;
}

} // namespace

void app_talk::begin(const shared_fd& channel) {
  has_complained_ = false;
  channel_ = channel
                 ? ipc_channel{event_loop::of(self_->system()), std::move(*channel), caf::weak_actor_ptr{self_->ctrl()}}
                 : ipc_channel{};
}

void app_talk::hear_notifications(const std::string& address, std::optional<uid_t> user) {
  notifications_ = {};
  user_ = user;
  auto socket = os::open_notify_socket(address);
  if (!socket) {
    listener_.on_trouble(fmt::format("NOTIFY_SOCKET: opening {} failed: {}", address, ::strerrordesc_np(errno)));
    return;
  }
  notifications_ = watched_fd{event_loop::of(self_->system()), std::move(socket), caf::weak_actor_ptr{self_->ctrl()}};
  notifications_.arm(EPOLLIN);
}

void app_talk::take_notifications() {
  for (int i = 0; i < notifications_at_once; ++i) {
    const auto said = os::receive_notification(notifications_.get());
    if (!said)
      break;
    const bool is_trusted = said->sender == 0 || said->sender == ::geteuid() || said->sender == user_;
    if (is_trusted)
      take(read_notification(said->text));
  }
  notifications_.arm(EPOLLIN); // to its end: a sender waits where nobody reads
}

void app_talk::take(const notification& said) {
  if (said.status && *said.status != offers_.status) {
    offers_.status = *said.status;
    publish();
  }
  if (said.extension > std::chrono::milliseconds{0})
    listener_.on_more_time(said.extension);
  if (said.is_well)
    expect_signs_of_life(watchdog_);
  if (said.is_ready)
    listener_.on_ready();
  if (said.is_stopping)
    listener_.on_stopping();
  if (said.is_unwell && watchdog_ > std::chrono::milliseconds{0})
    listener_.on_unwell("it says that it is not well");
}

void app_talk::expect_signs_of_life(std::chrono::milliseconds limit) {
  silence_.dispose();
  watchdog_ = limit;
  if (limit > std::chrono::milliseconds{0})
    silence_ = self_->run_delayed(
        limit, [this] { listener_.on_unwell(fmt::format("no WATCHDOG=1 for {} ms", watchdog_.count())); });
}

void app_talk::end(const process_view& view) {
  expect_signs_of_life({});
  notifications_ = {};
  channel_.drain([this](const ipc::message& said) { on_message(said); });
  for (auto& one : std::exchange(pending_, {})) {
    one.limit.dispose();
    one.promise.deliver(
        app_answer{view, error{exit_code::other, fmt::format("it ended before it replied to '{}'", one.action)}});
  }
  if (offers_.actions.empty() && offers_.metrics.empty() && offers_.status.empty())
    return;
  offers_ = {};
  publish();
}

void app_talk::on_event(const fd_ready& ready) {
  if (notifications_ && ready.token == notifications_.token()) {
    take_notifications();
    return;
  }
  if (!channel_.owns(ready))
    return;
  channel_.on_ready(ready, [this](const ipc::message& said) { on_message(said); });
  if (!channel_)
    listener_.on_closed();
}

void app_talk::on_message(const ipc::message& said) {
  std::visit(overloaded{
                 [this](const ipc::ready&) { listener_.on_ready(); },
                 [this](const ipc::offered_action& offered) {
                   if (!ipc::keep_action(offers_.actions, offered))
                     complain_once("offers more actions, or larger ones, than are kept");
                   publish();
                 },
                 [this](const ipc::shown_metrics& shown) {
                   if (!ipc::keep_metrics(offers_.metrics, shown))
                     complain_once("shows more metrics, or larger ones, than are kept");
                   publish();
                 },
                 [this](const ipc::action_reply& reply) { on_reply(reply); },
                 [this](const cluster::message& own) { listener_.on_cluster(own); },
                 [this](const ipc::handed_over& passed) {
                   say_line(cluster::handle_taken(), {}); // or nothing that it says later would arrive
                   auto inner = ipc::read_value(passed.message);
                   if (!std::holds_alternative<ipc::handed_over>(inner))
                     on_message(inner);
                 },
                 [this](const ipc::said& message) {
                   if (message.bytes <= ipc::most_said_bytes)
                     listener_.on_said(message);
                   else
                     complain_once("said more than 64 KiB at once on its IPC channel: not passed on");
                 },
                 [](const ipc::unknown&) {},
                 [this](const ipc::garbage&) {
                   complain_once("sent something on its IPC channel that is no JSON line or too large: dropped");
                 },
             },
             said);
}

void app_talk::complain_once(const char* about_what) {
  if (!std::exchange(has_complained_, true))
    listener_.on_trouble(about_what);
}

void app_talk::on_reply(const ipc::action_reply& reply) {
  const auto at = std::ranges::find(pending_, reply.action, &pending_action::action);
  if (at == pending_.end())
    return; // nobody asked, or it came too late
  at->limit.dispose();
  at->promise.deliver(app_answer{.view = at->view, .reply = reply.value.dump(-1, ' ', false, as_it_is)});
  pending_.erase(at);
}

caf::result<app_answer> app_talk::take(const app_order& order, const std::string& name, const process_view& view,
                                       const std::function<bool(int)>& send_signal) {
  if (view.pid == 0)
    return app_answer{view, error{exit_code::other, fmt::format("'{}' does not run", name)}};
  return std::visit(overloaded{
                        [&](const input_text& input) -> caf::result<app_answer> {
                          if (const auto written = os::write_input(view.pid, input.text); !written)
                            return app_answer{view, about(name, written.error())};
                          return app_answer{view};
                        },
                        [&](const signal_order& signal) -> caf::result<app_answer> {
                          if (!send_signal(signal.number))
                            return app_answer{view,
                                              error{exit_code::other, fmt::format("sending {} to '{}' failed: {}",
                                                                                  signal_name(signal.number), name,
                                                                                  ::strerrordesc_np(errno))}};
                          return app_answer{view};
                        },
                        [&](const action_order& action) { return trigger(action, name, view); },
                    },
                    order);
}

caf::result<app_answer> app_talk::trigger(const action_order& order, const std::string& name,
                                          const process_view& view) {
  const auto known = names_of(offers_.actions);
  if (std::ranges::find(known, order.action) == known.end())
    return app_answer{
        view,
        error{exit_code::not_found, fmt::format("'{}' offers no action {}", name, in_quotes(order.action)),
              known.empty() ? "it has to offer one by an axm:action message" : did_you_mean(order.action, known)}};
  if (pending_.size() >= most_pending || !channel_.send(ipc::action_message(order.action, order.params)))
    return app_answer{view, error{exit_code::other, fmt::format("'{}' does not read its IPC channel", name)}};
  auto promise = self_->make_response_promise<app_answer>();
  const auto number = ++newest_;
  auto limit = self_->run_delayed(reply_limit, [this, number, name] {
    give_up(number,
            {exit_code::other, fmt::format("'{}' has not replied within {} s", name,
                                           std::chrono::duration_cast<std::chrono::seconds>(reply_limit).count())});
  });
  pending_.push_back({order.action, promise, view, std::move(limit), number});
  return promise;
}

void app_talk::give_up(uint64_t number, error why) {
  const auto at = std::ranges::find(pending_, number, &pending_action::number);
  if (at == pending_.end())
    return;
  at->promise.deliver(app_answer{at->view, std::move(why)});
  pending_.erase(at);
}

} // namespace procvisor
