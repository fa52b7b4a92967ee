#include "actors/ipc_channel.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace procvisor {

namespace {

/// What one event reads at most, so that an app that never stops talking leaves time for the others.
constexpr int most_reads = 4;

/// What is read at most of an app that has ended, for a child of it may talk on.
constexpr int most_last_reads = 64;

} // namespace

ipc_channel::ipc_channel(event_loop& loop, os::unique_fd socket, caf::weak_actor_ptr owner)
  : socket_(loop, std::move(socket), std::move(owner)) {
  arm();
}

void ipc_channel::on_ready(const fd_ready& ready, const std::function<void(const ipc::message&)>& use) {
  if (!owns(ready))
    return;
  bool is_open = flush();
  auto state = reading::more_may_come;
  for (int i = 0; i < most_reads && is_open && state == reading::more_may_come; ++i) {
    state = read(use);
    is_open = state != reading::closed;
  }
  if (is_open)
    arm();
  else
    socket_.reset();
}

void ipc_channel::drain(const std::function<void(const ipc::message&)>& use) {
  for (int i = 0; socket_ && i < most_last_reads && read(use) == reading::more_may_come; ++i) {
  }
  socket_.reset();
}

ipc_channel::reading ipc_channel::read(const std::function<void(const ipc::message&)>& use) {
  std::array<char, 65536> buffer;
  ssize_t got = -1;
  do
    got = ::read(socket_.get(), buffer.data(), buffer.size());
  while (got < 0 && errno == EINTR);
  if (got <= 0)
    return got < 0 && errno == EAGAIN ? reading::nothing_now : reading::closed;
  in_.append(buffer.data(), static_cast<size_t>(got));
  take_lines(use);
  return reading::more_may_come;
}

void ipc_channel::take_lines(const std::function<void(const ipc::message&)>& use) {
  size_t begin = 0;
  for (size_t end = in_.find('\n', scanned_); end != std::string::npos; end = in_.find('\n', begin)) {
    if (!std::exchange(is_skipping_, false))
      use(ipc::read_message(std::string_view{in_}.substr(begin, end - begin)));
    begin = end + 1;
  }
  in_.erase(0, begin);
  if (in_.size() > max_message_bytes || is_skipping_) {
    if (!std::exchange(is_skipping_, true))
      use(ipc::garbage{});
    in_ = {};
  }
  scanned_ = in_.size();
}

bool ipc_channel::send(const nlohmann::json& message) {
  if (!socket_ || out_.size() > max_message_bytes)
    return false;
  out_ += message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  out_ += '\n';
  const bool is_open = flush();
  if (is_open)
    arm();
  return is_open;
}

bool ipc_channel::flush() {
  size_t sent = 0;
  while (sent < out_.size()) {
    const ssize_t n = ::send(socket_.get(), out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0)
      sent += static_cast<size_t>(n);
    else if (errno == EAGAIN)
      break;
    else if (errno != EINTR)
      return false;
  }
  out_.erase(0, sent);
  return true;
}

void ipc_channel::arm() {
  socket_.arm(out_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

} // namespace procvisor
