#include "cli/screen/log_feed.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/screen/plain_text.hpp"
#include "cli/screen/process_table.hpp"
#include "core/text.hpp"
#include "keeper/connect.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

constexpr int tail_lines = 300;
constexpr int most_messages = 2000;   ///< a time
constexpr size_t longest_line = 4096; ///< bytes; what is beyond is in the files

log_stream stream_of(std::string_view word) {
  if (word == "journal")
    return log_stream::journal;
  return word == "err" ? log_stream::err : log_stream::out;
}

} // namespace

bool log_feed::follow(std::vector<int64_t> ids) {
  ids_ = std::move(ids);
  tail_path_.clear();
  stream_.reset();
  if (ids_.empty())
    return true;
  auto found = keeper::connect(place_);
  if (!found || !*found)
    return false;
  stream_.emplace(std::move(*found));
  nlohmann::json params{{"lines", tail_lines}, {"follow", true}};
  if (ids_.front() == journal_id) {
    params["journal"] = true;
    params["journal_only"] = true;
  } else {
    auto& targets = params["targets"] = nlohmann::json::array();
    for (const int64_t id : ids_)
      targets.push_back(std::to_string(id));
  }
  if (!stream_->send(rpc::method::logs, params, rpc::prompt))
    stream_.reset();
  return stream_.has_value();
}

void log_feed::take(log_pane& into) {
  for (int i = 0; stream_ && i < most_messages; ++i) {
    auto text = stream_->receive_if_there();
    if (!text)
      stream_.reset();
    else if (*text)
      take_message(**text, into);
    else
      return;
  }
}

void log_feed::take_message(const std::string& text, log_pane& into) {
  const auto message = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!message.is_object() || !message.contains("method")) { // a reply: there is nothing to follow
    if (const auto refused = rpc::decode_reply(text); !refused)
      into.trouble = refused.error().what;
    stream_.reset();
    ids_.clear();
    return;
  }
  const auto params = message.value("params", nlohmann::json::object());
  const auto add = [&](std::string_view line) {
    pane_line made{.id = params.value("id", int64_t{0}), .stream = stream_of(params.value("stream", "out"))};
    made.text = plain_text(line.substr(0, longest_line));
    if (ids_.size() > 1)
      made.label = fmt::format("{}|{}", made.id, printable(params.value("name", "")));
    into.add(std::move(made));
  };
  if (message.at("method") == "log")
    return add(params.value("line", ""));
  if (message.at("method") != "tail")
    return;
  if (auto path = params.value("path", ""); path != std::exchange(tail_path_, path))
    into.add({.text = fmt::format("── {}", printable(path)), .is_heading = true});
  for (const auto& line : params.value("lines", nlohmann::json::array()))
    add(line.get_ref<const std::string&>());
}

} // namespace procvisor::cli
