#include "cli/screen/row_feed.hpp"

#include <utility>

#include "keeper/connect.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

constexpr std::chrono::seconds silence{2};

} // namespace

void row_feed::ask(std::optional<int64_t> details_of, steady_time now) {
  details_of_ = details_of;
  if (stage_ != stage::idle)
    return;
  if (!daemon_) {
    auto found = keeper::connect(place_);
    if (!found || !*found)
      return;
    daemon_.emplace(std::move(*found));
  }
  const auto targets = target_.empty() ? nlohmann::json::array() : nlohmann::json::array({target_});
  send(stage::list, rpc::method::list, {{"targets", targets}}, now);
}

void row_feed::send(stage wanted, const char* method, const nlohmann::json& params, steady_time now) {
  if (!daemon_->send(method, params, rpc::prompt))
    return lose();
  stage_ = wanted;
  asked_at_ = now;
}

row_feed::news row_feed::take(steady_time now) {
  news made;
  while (daemon_) {
    auto text = daemon_->receive_if_there();
    if (!text)
      lose();
    else if (*text)
      take_reply(**text, made, now);
    else
      break;
  }
  return made;
}

void row_feed::take_reply(const std::string& text, news& into, steady_time now) {
  switch (std::exchange(stage_, stage::idle)) {
    case stage::list: {
      auto list = rpc::read_process_list(text);
      if (list)
        into.list = std::move(*list);
      else if (list.error().code == exit_code::not_found) // nothing has the target's name any more
        into.list.emplace();
      else
        into.trouble = std::move(list.error());
      if (details_of_)
        send(stage::details, rpc::method::describe, {{"target", std::to_string(*details_of_)}}, now);
      return;
    }
    case stage::details: {
      auto found = rpc::decode_reply(text);
      into.details = nullptr;
      for (auto& row : found ? *found : nlohmann::json::array())
        if (row.value("id", int64_t{-1}) == details_of_)
          into.details = std::move(row);
      return;
    }
    case stage::idle:
      return;
  }
}

void row_feed::lose() {
  daemon_.reset();
  stage_ = stage::idle;
}

link_state row_feed::link(steady_time now) const {
  if (!daemon_)
    return link_state::gone;
  return stage_ != stage::idle && now - asked_at_ > silence ? link_state::silent : link_state::live;
}

} // namespace procvisor::cli
