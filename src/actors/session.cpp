#include "actors/session.hpp"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "actors/recorder_link.hpp"
#include "actors/support.hpp"
#include "os/heap.hpp"
#include "rpc/rows.hpp"
#include "rpc/wire.hpp"

namespace procvisor {

using nlohmann::json;

namespace {

constexpr size_t large_request = 64 * 1024; ///< bytes: of some fifty apps
constexpr auto patience_with_readers = std::chrono::seconds{30};
/// Of one client, however much the others have.
constexpr size_t never_too_much = 64 * 1024;

error too_busy() {
  return {exit_code::unreachable, "too many clients have sent large requests, or do not read their replies",
          "end those clients, or try again"};
}

} // namespace

std::span<const session_state::method> session_state::methods() {
  static constexpr method table[] = {
      {rpc::method::ping, &session_state::ping},
      {rpc::method::start, &session_state::start},
      {rpc::method::start_existing, &session_state::restart},
      {rpc::method::stop, &session_state::stop},
      {rpc::method::restart, &session_state::restart},
      {rpc::method::reload, &session_state::reload},
      {rpc::method::remove, &session_state::remove},
      {rpc::method::reset, &session_state::reset},
      {rpc::method::scale, &session_state::scale},
      {rpc::method::list, &session_state::list},
      {rpc::method::jlist, &session_state::jlist},
      {rpc::method::describe, &session_state::describe},
      {rpc::method::send, &session_state::send_text},
      {rpc::method::signal, &session_state::signal},
      {rpc::method::trigger, &session_state::trigger},
      {rpc::method::env, &session_state::env},
      {rpc::method::logs, &session_state::logs},
      {rpc::method::events, &session_state::events},
      {rpc::method::flush, &session_state::flush_logs},
      {rpc::method::reload_logs, &session_state::reload_logs},
      {rpc::method::dump, &session_state::dump},
      {rpc::method::cleardump, &session_state::clear_dump},
      {rpc::method::resurrect, &session_state::resurrect},
      {rpc::method::update, &session_state::update},
      {rpc::method::kill, &session_state::kill},
  };
  return table;
}

session_state::session_state(session_actor::pointer self, shared_fd client, session_peers peers)
  : self_(self), peers_(std::move(peers)),
    client_(event_loop::of(self->system()), std::move(*client), caf::weak_actor_ptr{self->ctrl()}) {
  client_.arm(EPOLLIN);
}

session_actor::behavior_type session_state::make_behavior() {
  keep_quiet(self_);
  return {
      [this](const fd_ready& ready) { on_ready(ready); },
      [this](const make_room&) { return on_make_room(); },
  };
}

session_state::~session_state() {
  until_cut_off_.dispose();
  *peers_.held_bytes -= accounted_;
}

bool session_state::on_make_room() {
  int unread = 0;
  const bool has_asked = is_busy_ || (::ioctl(client_.get(), FIONREAD, &unread) == 0 && unread > 0);
  if (!has_asked)
    self_->quit();
  return !has_asked;
}

bool session_state::account() {
  auto& total = *peers_.held_bytes;
  total -= accounted_;
  accounted_ = in_.size() + out_.size();
  total += accounted_;
  return total <= rpc::most_held_bytes || accounted_ <= never_too_much;
}

// -- reading --------------------------------------------------------------------

void session_state::on_ready(const fd_ready& ready) {
  if (!client_ || ready.token != client_.token())
    return;
  if (!out_.empty()) {
    flush();
    return;
  }
  if (!is_busy_ && !handle_next_line())
    read();
}

void session_state::read() {
  std::array<char, 65536> buffer;
  for (;;) {
    const auto n = ::read(client_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      break;
    if (n <= 0) {
      self_->quit();
      return;
    }
    in_.append(buffer.data(), static_cast<size_t>(n));
    if (in_.size() > rpc::max_message_bytes) {
      reply_error({exit_code::usage, "the request is larger than 32 MiB", {}});
      self_->quit();
      return;
    }
    if (!account()) {
      in_ = {};
      reply_error(too_busy());
      self_->quit();
      return;
    }
  }
  if (!handle_next_line())
    client_.arm(EPOLLIN);
}

bool session_state::handle_next_line() {
  const auto end = in_.find('\n', scanned_);
  if (end == std::string::npos) {
    scanned_ = in_.size();
    return false;
  }
  const auto request = rpc::read_request(std::string_view{in_}.substr(0, end));
  is_large_ = end > large_request;
  in_.erase(0, end + 1);
  if (is_large_)
    in_.shrink_to_fit();
  scanned_ = 0;
  is_busy_ = true;
  handle(request);
  return true;
}

void session_state::handle(const result<rpc::request>& request) {
  id_ = nullptr;
  if (!request) {
    reply_error(request.error());
    return;
  }
  id_ = request->id;
  const auto& wanted = request->method;
  const auto found = std::ranges::find(methods(), wanted, &method::name);
  if (found == methods().end()) {
    reply_error({exit_code::usage, fmt::format("the daemon knows no method '{}'", wanted),
                 "is the client newer than the daemon? procvisor kill ends it"});
    return;
  }
  if (is_verbose())
    self_->send(peers_.recorder,
                journal_packet(severity::debug, "procvisor", getpid(), fmt::format("asked: {}", wanted)));
  try {
    (this->*found->serve)(request->params);
  } catch (const json::exception& e) {
    reply_error(
        {exit_code::usage, fmt::format("the params of '{}' are not as rpc/wire.hpp says: {}", wanted, e.what()), {}});
  }
}

// -- replying -------------------------------------------------------------------

void session_state::reply(const json& result) {
  reply_text(result.dump(-1, ' ', false, json::error_handler_t::replace));
}

void session_state::reply_text(std::string_view result) {
  send(fmt::format(R"({{"jsonrpc":"2.0","protocol":{},"id":{},"result":{}}})", rpc::protocol_version,
                   id_.dump(-1, ' ', false, json::error_handler_t::replace), result));
}

void session_state::reply_error(const error& what) {
  const json message{
      {"jsonrpc", "2.0"}, {"protocol", rpc::protocol_version}, {"id", id_}, {"error", rpc::to_wire(what)}};
  send(message.dump(-1, ' ', false, json::error_handler_t::replace));
}

void session_state::send(std::string message) {
  out_ = std::move(message);
  out_.push_back('\n');
  sent_ = 0;
  flush();
  if (!out_.empty() && !account()) { // a reply that waits for its client
    out_ = {};
    self_->quit();
  }
}

void session_state::flush() {
  until_cut_off_.dispose();
  while (sent_ < out_.size()) {
    const auto n = ::send(client_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n >= 0) {
      sent_ += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      client_.arm(EPOLLOUT);
      until_cut_off_ = self_->run_delayed(patience_with_readers, [this] { self_->quit(); });
      return;
    } else if (errno != EINTR) {
      sent_ = out_.size(); // the client is gone; what it asked for has happened
    }
  }
  out_ = {};
  if (std::exchange(is_large_, false))
    os::give_back_free_memory();
  is_busy_ = false;
  account();
  if (ends_everything_) {
    self_->send(peers_.root, end_everything{});
    self_->quit();
    return;
  }
  if (in_.empty())
    client_.arm(EPOLLIN);
  else // by a message, not by a call: a client may have sent any number of requests ahead
    self_->send(self_, fd_ready{client_.token(), EPOLLIN});
}

} // namespace procvisor
