#include "actors/packet_channel.hpp"

#include <sys/epoll.h>

#include <cerrno>

namespace procvisor {

packet_channel::packet_channel(event_loop& loop, os::unique_fd socket, caf::weak_actor_ptr owner)
  : socket_(loop, std::move(socket), std::move(owner)) {
  arm();
}

bool packet_channel::is_temporary() noexcept {
  return errno == EAGAIN || errno == EINTR;
}

bool packet_channel::send_now(std::string_view bytes, std::span<const int> fds) {
  // Any other error than a full queue means that the peer is gone, which the next receive says.
  return os::send_packet(socket_.get(), std::as_bytes(std::span{bytes}), fds) != EAGAIN;
}

void packet_channel::send(std::string_view bytes, std::span<const int> fds) {
  if (!socket_)
    return;
  if (queue_.empty() && send_now(bytes, fds))
    return;
  auto& waits = queue_.emplace_back(outgoing{std::string{bytes}, {}});
  for (const int fd : fds)
    waits.fds.push_back(os::duplicate(fd));
  arm();
}

bool packet_channel::try_send(std::string_view bytes, std::span<const int> fds) {
  if (!socket_ || (queue_.empty() && send_now(bytes, fds)))
    return true;
  wants_room_ = true;
  arm();
  return false;
}

void packet_channel::flush() {
  while (socket_ && !queue_.empty()) {
    const auto& next = queue_.front();
    std::vector<int> numbers;
    for (const auto& fd : next.fds)
      numbers.push_back(fd.get());
    if (!send_now(next.bytes, numbers))
      return;
    queue_.pop_front();
  }
}

void packet_channel::drain() {
  flush();
  while (socket_ && !queue_.empty()) {
    os::wait_for_room(socket_.get());
    flush();
  }
}

void packet_channel::arm() {
  socket_.arm(queue_.empty() && !wants_room_ ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

} // namespace procvisor
