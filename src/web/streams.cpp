#include "web/streams.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include <httplib.h>
#include <nlohmann/json.hpp>

#include "rpc/wire.hpp"

namespace procvisor::web {

namespace {

using nlohmann::json;
using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds between_lists{1};
constexpr std::chrono::seconds sign_of_life{15}; ///< so that a client that is gone is noticed
constexpr const char* event_stream_type = "text/event-stream";

bool send(httplib::DataSink& sink, std::string_view event, std::string_view data) {
  std::string text{"event: "};
  text.append(event).append("\ndata: ").append(data).append("\n\n"); // one line: JSON has no newline in it
  return sink.write(text.data(), text.size());
}

enum class heard : uint8_t { something, nothing, the_end };

heard wait(rpc::client& daemon, clock::time_point until) {
  if (daemon.has_message())
    return heard::something;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    pollfd one{daemon.socket(), POLLIN, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR)
      continue;
    return ready < 0 ? heard::the_end : ready == 0 ? heard::nothing : heard::something;
  }
}

/// Passes on what the daemon says; false: it says nothing any more.
bool pass_on(rpc::client& daemon, httplib::DataSink& sink) {
  auto text = daemon.receive(rpc::prompt);
  if (!text)
    return false;
  const auto message = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const auto method = message.is_object() ? message.value("method", "") : "";
  if (method.empty())
    return !message.is_object() || !message.contains("error");
  if (method == "live" || method == "end")
    return method == "live";
  return send(sink, method,
              message.value("params", json::object()).dump(-1, ' ', false, json::error_handler_t::replace));
}

struct open_stream {
  rpc::client daemon;
  clock::time_point next = clock::now();
  std::shared_ptr<stream_places::place> place;
};

using step = std::function<bool(open_stream&, httplib::DataSink&)>;

/// `on_time` is called when `next` has come, and sets the next one.
void begin(httplib::Response& response, rpc::client daemon, std::shared_ptr<stream_places::place> place, step on_time) {
  auto stream = std::make_shared<open_stream>(open_stream{std::move(daemon), clock::now(), std::move(place)});
  response.set_header("Cache-Control", "no-store");
  response.set_chunked_content_provider(event_stream_type,
                                        [stream, on_time = std::move(on_time)](size_t, httplib::DataSink& sink) {
                                          bool goes_on = true;
                                          switch (wait(stream->daemon, stream->next)) {
                                            case heard::something:
                                              goes_on = pass_on(stream->daemon, sink);
                                              break;
                                            case heard::nothing:
                                              goes_on = on_time(*stream, sink);
                                              break;
                                            case heard::the_end:
                                              goes_on = false;
                                              break;
                                          }
                                          if (!goes_on)
                                            sink.done();
                                          return goes_on;
                                        });
}

void refuse(httplib::Response& response, const error& why) {
  response.status = httplib::StatusCode::ServiceUnavailable_503;
  response.set_content(json{{"message", why.what}, {"hint", why.hint}}.dump() + "\n", "application/json");
}

} // namespace

std::shared_ptr<stream_places::place> stream_places::take() {
  if (taken_.fetch_add(1) >= most) {
    taken_.fetch_sub(1);
    return nullptr;
  }
  return std::make_shared<place>(*this);
}

void stream_status(httplib::Response& response, daemon_view& daemon, std::shared_ptr<stream_places::place> place) {
  auto events = daemon.connect().and_then([](rpc::client connected) {
    return connected.call(rpc::method::events, json::object(), rpc::prompt).map([&](const json&) {
      return std::move(connected);
    });
  });
  if (!events) {
    refuse(response, events.error());
    return;
  }
  begin(response, *std::move(events), std::move(place), [&daemon](open_stream& stream, httplib::DataSink& sink) {
    stream.next = clock::now() + between_lists;
    auto seen = daemon.look();
    return seen && send(sink, "list", page_json(**seen));
  });
}

void stream_logs(httplib::Response& response, daemon_view& daemon, const std::string& target, int64_t lines,
                 std::shared_ptr<stream_places::place> place) {
  auto logs = daemon.connect().and_then([&](rpc::client connected) {
    return connected.send(rpc::method::logs, {{"targets", {target}}, {"lines", lines}}, rpc::prompt).map([&] {
      return std::move(connected);
    });
  });
  if (!logs) {
    refuse(response, logs.error());
    return;
  }
  begin(response, *std::move(logs), std::move(place), [](open_stream& stream, httplib::DataSink& sink) {
    stream.next = clock::now() + sign_of_life;
    constexpr std::string_view comment = ":\n\n";
    return sink.write(comment.data(), comment.size());
  });
}

} // namespace procvisor::web
