#include "actors/ipc_channel.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
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
  const ssize_t got = receive(buffer);
  if (got <= 0)
    return got < 0 && errno == EAGAIN ? reading::nothing_now : reading::closed;
  in_.append(buffer.data(), static_cast<size_t>(got));
  take_lines(use);
  return reading::more_may_come;
}

ssize_t ipc_channel::receive(std::span<char> buffer) {
  constexpr size_t most_fds = 32; // what an app passes on is closed: nobody here has a use for it
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_fds)> control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = -1;
  do
    got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  for (cmsghdr* header = got >= 0 ? CMSG_FIRSTHDR(&message) : nullptr; header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
      continue;
    for (size_t at = CMSG_LEN(0); at + sizeof(int) <= header->cmsg_len; at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, reinterpret_cast<const char*>(header) + at, sizeof fd);
      ::close(fd);
    }
  }
  return got;
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
  return send_line(message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

bool ipc_channel::send_line(std::string_view line, std::shared_ptr<os::unique_fd> fd) {
  if (!socket_ || out_bytes_ > max_message_bytes)
    return false;
  std::string bytes{line};
  bytes += '\n';
  out_bytes_ += bytes.size();
  const bool was_empty = out_.empty();
  out_.push_back({std::move(bytes), 0, std::move(fd)});
  if (!was_empty)
    return true; // behind what waits for room
  const bool is_open = flush();
  if (is_open && !out_.empty())
    arm();
  return is_open;
}

bool ipc_channel::flush() {
  while (!out_.empty()) {
    auto& first = out_.front();
    const ssize_t n = send_some(std::string_view{first.bytes}.substr(first.at), first.fd ? first.fd->get() : -1);
    if (n < 0 && errno == EAGAIN)
      return true;
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return false;
    first.fd.reset(); // it has gone with the first byte
    first.at += static_cast<size_t>(n);
    out_bytes_ -= static_cast<size_t>(n);
    if (first.at == first.bytes.size())
      out_.pop_front();
  }
  return true;
}

ssize_t ipc_channel::send_some(std::string_view bytes, int fd) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fd)> control{};
  if (fd >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ipc_channel::arm() {
  socket_.arm(out_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

} // namespace procvisor
