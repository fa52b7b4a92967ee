#include "actors/event_stream.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "actors/support.hpp"
#include "rpc/rows.hpp"
#include "rpc/wire.hpp"

namespace procvisor {

using nlohmann::json;

event_stream_state::event_stream_state(event_stream_actor::pointer self, shared_fd client, json request,
                                       registry_actor registry)
  : self_(self), client_(event_loop::of(self->system()), std::move(*client), caf::weak_actor_ptr{self->ctrl()}),
    request_(std::move(request)), registry_(std::move(registry)) {
  client_.arm(EPOLLIN);
}

event_stream_actor::behavior_type event_stream_state::make_behavior() {
  keep_quiet(self_);
  self_->request(registry_, caf::infinite, follow_events{caf::actor_cast<event_stream_actor>(self_)})
      .then([this](bool is_accepted) { on_accepted(is_accepted); }, [this](const caf::error&) { self_->quit(); });
  return {
      [this](const fd_ready& ready) { on_ready(ready); },
      [this](const event_line& line) { take(line); },
  };
}

void event_stream_state::on_accepted(bool is_accepted) {
  json reply{{"jsonrpc", "2.0"}, {"protocol", rpc::protocol_version}, {"id", std::move(request_)}};
  if (is_accepted)
    reply["result"] = json::object();
  else
    reply["error"] = rpc::to_wire({exit_code::unreachable, "as many clients follow the events as may", "end some"});
  if (is_accepted)
    add(reply.dump(-1, ' ', false, json::error_handler_t::replace));
  else
    end_with(reply.dump(-1, ' ', false, json::error_handler_t::replace));
}

void event_stream_state::on_ready(const fd_ready& ready) {
  if (!client_ || ready.token != client_.token())
    return;
  std::array<char, 4096> said; // of no interest but for its end
  const auto n = ::recv(client_.get(), said.data(), said.size(), MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
    self_->quit();
    return;
  }
  flush();
}

void event_stream_state::take(const event_line& line) {
  if (is_ending_)
    return;
  if (bytes_ + line.text->size() > most_waiting) {
    end_with(
        R"({"jsonrpc":"2.0","method":"end","params":{"reason":"the events were read too slowly, and more than 4 MiB of them waited"}})");
    return;
  }
  bytes_ += line.text->size();
  lines_.push_back(line.text);
  if (lines_.size() == 1)
    flush();
}

void event_stream_state::add(std::string line) {
  line += '\n';
  bytes_ += line.size();
  lines_.push_back(std::make_shared<const std::string>(std::move(line)));
  flush();
}

void event_stream_state::end_with(const std::string& last_line) {
  is_ending_ = true;
  const size_t whole = sent_ > 0 ? 1 : 0; // a line that has begun is sent to its end
  while (lines_.size() > whole) {
    bytes_ -= lines_.back()->size();
    lines_.pop_back();
  }
  add(last_line);
}

void event_stream_state::flush() {
  while (!lines_.empty()) {
    const auto& first = *lines_.front();
    const auto n = ::send(client_.get(), first.data() + sent_, first.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno != EAGAIN) {
      self_->quit();
      return;
    }
    if (n < 0)
      break;
    until_cut_off_.dispose();
    until_cut_off_ = {};
    sent_ += static_cast<size_t>(n);
    if (sent_ < first.size())
      continue;
    bytes_ -= first.size();
    sent_ = 0;
    lines_.pop_front();
  }
  if (lines_.empty() && is_ending_) {
    self_->quit();
    return;
  }
  if (!lines_.empty() && !until_cut_off_.valid())
    until_cut_off_ = self_->run_delayed(patience, [this] { self_->quit(); });
  client_.arm(lines_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

} // namespace procvisor
