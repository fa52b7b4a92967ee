#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/render/event_line.hpp"
#include "os/wall_time.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

using nlohmann::json;

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(wall_clock::now().time_since_epoch()).count();
}

/// One object a line: the params, with the method's word under `event` where they have none.
std::string json_line(const json& notification) {
  const auto method = notification.value("method", "");
  auto params = notification.value("params", json::object());
  if (method == "log")
    params["event"] = "log:" + params.value("stream", "");
  else if (method == "message")
    params["event"] = params.value("type", "");
  else if (method != "event")
    return {};
  return params.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

/// The streams of one daemon: its events, and the logs where they are wanted.
class bus {
public:
  static result<bus> open(rpc::client first, bool with_logs) {
    bus made{std::move(first)};
    if (auto begun = made.events_.call(rpc::method::events, json::object(), rpc::prompt); !begun)
      return fail(std::move(begun.error()));
    if (!with_logs)
      return made;
    auto second = find_daemon();
    if (!second || !*second)
      return second ? fail(exit_code::unreachable, "the daemon has ended") : fail(std::move(second.error()));
    made.logs_.emplace(std::move(**second));
    if (auto sent = made.logs_->send(rpc::method::logs, {{"lines", 0}}, rpc::prompt); !sent)
      return fail(std::move(sent.error()));
    return made;
  }

  /// The next notification of either; fails with unreachable where the daemon has gone.
  result<json> next() {
    for (;;) {
      auto* ready = ready_one();
      if (ready == nullptr)
        return fail(exit_code::other, "waiting for the daemon failed");
      auto text = ready->receive(rpc::unlimited);
      if (!text)
        return fail(std::move(text.error()));
      auto message = json::parse(*text, nullptr, /*allow_exceptions=*/false);
      if (message.is_object() && message.contains("method"))
        return message;
      if (auto reply = rpc::decode_reply(*text); !reply)
        return fail(std::move(reply.error()));
    }
  }

private:
  explicit bus(rpc::client events) : events_(std::move(events)) {}

  rpc::client* ready_one() {
    if (events_.has_message())
      return &events_;
    if (logs_ && logs_->has_message())
      return &*logs_;
    std::array<pollfd, 2> both{{{events_.socket(), POLLIN, 0}, {logs_ ? logs_->socket() : -1, POLLIN, 0}}};
    while (::poll(both.data(), both.size(), -1) < 0)
      if (errno != EINTR)
        return nullptr;
    return both[0].revents != 0 ? &events_ : &*logs_;
  }

  rpc::client events_;
  std::optional<rpc::client> logs_;
};

result<exit_code> print(bus& from, const console& out) {
  for (;;) {
    auto message = from.next();
    if (!message)
      return fail(std::move(message.error()));
    if (message->value("method", "") == "end")
      return fail(exit_code::other, "the daemon has ended the stream: " + (*message)["params"].value("reason", ""));
    if (message->value("method", "") == "log")
      (*message)["params"]["at"] = now_ms();
    const auto text = out.behaviour().json ? json_line(*message) : event_line(*message, out.data_canvas().coloured);
    if (text.empty())
      continue;
    if (auto shown = out.data(text); !shown)
      return shown;
  }
}

} // namespace

/// Goes on with whoever takes the place of a daemon that was killed or replaced, until nobody does.
result<exit_code> run::events(invocation& call) {
  bool with_logs = false;
  call.flag("--logs", with_logs, "also the lines that apps write: log:out and log:err");
  if (auto ended = call.parse())
    return *ended;
  constexpr int most_attempts = 10;
  int attempts = 0;
  std::optional<error> last;
  while (attempts++ < most_attempts) {
    auto daemon = find_daemon();
    if (!daemon)
      return fail(std::move(daemon.error()));
    if (!*daemon && last)
      return fail(exit_code::other, "the stream of events has ended: " + last->what, last->hint);
    if (!*daemon) {
      call.out().talk("no daemon is running, so there is nothing to follow");
      return exit_code::done;
    }
    const auto begun = std::chrono::steady_clock::now();
    auto ended = bus::open(std::move(**daemon), with_logs).and_then([&](bus from) {
      call.out().talk(last ? "the daemon was replaced; what happened meanwhile is in procvisor.log"
                           : "following the events; Ctrl-C ends it");
      return print(from, call.out());
    });
    if (ended || ended.error().code != exit_code::unreachable)
      return ended;
    last = ended.error();
    if (std::chrono::steady_clock::now() - begun > std::chrono::seconds{1})
      attempts = 0;
  }
  return fail(exit_code::other, "the daemon is replaced again and again");
}

} // namespace procvisor::cli
