#include "cli/render/event_line.hpp"

#include <chrono>
#include <csignal>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/render/amounts.hpp"
#include "cli/render/colour.hpp"
#include "core/signal_name.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

namespace {

using nlohmann::json;

colour colour_of(std::string_view event) {
  if (event == "online" || event == "reload")
    return colour::green;
  if (event == "errored" || event == "restart overlimit")
    return colour::red;
  if (event == "exit" || event == "waiting restart" || event == "restart")
    return colour::yellow;
  return colour::plain;
}

std::string end_text(const json& params) {
  const auto signal = params.value("exit_signal", 0);
  return fmt::format("{} after {} ms",
                     signal != 0 ? signal_name(signal) : fmt::format("exit code {}", params.value("exit_code", 0)),
                     params.value("uptime", int64_t{0}));
}

/// What there is to say besides the event's name.
std::string detail_of(std::string_view event, const json& params) {
  std::string text;
  const auto add = [&text](const std::string& more) {
    if (!more.empty())
      text += text.empty() ? more : ", " + more;
  };
  if (event == "exit")
    add(end_text(params));
  if (event == "online" && params.value("pid", 0) > 0)
    add(fmt::format("pid {}", params.value("pid", 0)));
  if (event == "waiting restart")
    add(fmt::format("in {} ms", params.value("delay", int64_t{0})));
  add(printable(params.value("reason", "")));
  return text;
}

std::string label_of(const json& params) {
  return fmt::format("{}:{}", printable(params.value("name", "")), params.value("id", 0));
}

std::string line(const json& params, std::string_view event, const std::string& detail, bool coloured) {
  const auto at = time_text(std::chrono::milliseconds{params.value("at", int64_t{0})});
  return fmt::format("{}  {}  {}{}{}\n", at,
                     painted(fmt::format("{:<17}", printable(event)), colour_of(event), coloured), label_of(params),
                     detail.empty() ? "" : "  ", detail);
}

} // namespace

std::string event_line(const json& notification, bool coloured) {
  const auto method = notification.value("method", "");
  const auto found = notification.find("params");
  if (found == notification.end() || !found->is_object())
    return {};
  const auto& params = *found;
  if (method == "event") {
    const auto event = params.value("event", "");
    auto text = line(params, event, detail_of(event, params), coloured);
    for (const auto& last : params.value("last_lines", json::array()))
      text += fmt::format("    {}\n", printable(last.get<std::string>()));
    return text;
  }
  if (method == "message") {
    const auto& said = params.contains("data") ? params["data"] : params.value("raw", json{});
    return line(params, params.value("type", ""), printable(said.dump(-1, ' ', false, json::error_handler_t::replace)),
                coloured);
  }
  if (method == "log")
    return line(params, "log:" + params.value("stream", ""), printable(params.value("line", "")), coloured);
  return {};
}

} // namespace procvisor::cli
