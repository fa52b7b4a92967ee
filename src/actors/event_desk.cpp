#include "actors/event_desk.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/text.hpp"

namespace procvisor {

namespace {

using nlohmann::json;

json lines_of(const std::string& text) {
  auto lines = json::array();
  for (size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

} // namespace

bool event_desk::add(const event_stream_actor& follower) {
  if (followers_.size() >= most_followers)
    return false;
  self_->monitor(follower);
  followers_.push_back(follower);
  return true;
}

bool event_desk::drop(const caf::actor_addr& follower) {
  const bool was_one = std::erase_if(followers_, [&](const auto& each) { return each.address() == follower; }) > 0;
  if (followers_.empty())
    waiting_.clear();
  return was_one;
}

void event_desk::on_changed(const listed_process& of, const lifecycle& before, const lifecycle& after) {
  if (followers_.empty())
    return;
  const moment now{self_->clock().now(), wall_clock::now()};
  for (const auto what : happenings(before, after)) {
    const bool is_crash = what == happening::exit && is_unasked(before);
    const auto event =
        enter("event", describe_event(what, *of.spec, of.view.id, of.view.instance, before, after, now), !is_crash);
    if (is_crash)
      add_last_words(event, of.view.id, before.gen);
  }
  send_complete();
}

void event_desk::on_reloaded(const listed_process& of, const lifecycle& before, const lifecycle& after) {
  if (followers_.empty())
    return;
  const moment now{self_->clock().now(), wall_clock::now()};
  enter("event", describe_event(happening::reload, *of.spec, of.view.id, of.view.instance, before, after, now));
  send_complete();
}

void event_desk::on_removed(const listed_process& of, const lifecycle& state) {
  if (followers_.empty())
    return;
  const moment now{self_->clock().now(), wall_clock::now()};
  enter("event", describe_event(happening::remove, *of.spec, of.view.id, of.view.instance, state, state, now));
  send_complete();
}

void event_desk::on_said(const listed_process& of, const app_said& said) {
  if (followers_.empty())
    return;
  json params{
      {"type", said.message.type},
      {"at", std::chrono::duration_cast<std::chrono::milliseconds>(wall_clock::now().time_since_epoch()).count()},
      {"id", static_cast<uint32_t>(said.id)},
      {"name", of.spec->name},
      {"namespace", of.spec->name_space},
      {"generation", static_cast<uint64_t>(said.gen)},
      {said.message.is_raw ? "raw" : "data", said.message.data},
  };
  enter("message", std::move(params));
  send_complete();
}

event_desk::shared_event event_desk::enter(const char* method, json params, bool is_complete) {
  if (waiting_.size() >= most_waiting) {
    for (const auto& each : waiting_)
      each->is_complete = true;
    send_complete();
  }
  json message{{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
  return waiting_.emplace_back(std::make_shared<waiting_event>(waiting_event{std::move(message), is_complete}));
}

void event_desk::add_last_words(const shared_event& event, process_id id, generation gen) {
  const auto say = [this, event](const std::string& words) {
    if (!words.empty())
      event->message["params"]["last_lines"] = lines_of(words);
    event->is_complete = true;
    send_complete();
  };
  self_->request(recorder_, caf::infinite, tail_stderr{id, gen})
      .then([say](const std::string& words) { say(words); }, [say](const caf::error&) { say({}); });
}

void event_desk::send_complete() {
  while (!waiting_.empty() && waiting_.front()->is_complete) {
    auto text = waiting_.front()->message.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
    const event_line line{std::make_shared<const std::string>(std::move(text))};
    waiting_.pop_front();
    for (const auto& follower : followers_)
      self_->send(follower, line);
  }
}

} // namespace procvisor
