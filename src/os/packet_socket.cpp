#include "os/packet_socket.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace procvisor::os {

namespace {

/// Room for the one control message that a packet may have, aligned as CMSG_FIRSTHDR expects it.
struct control_room {
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(max_packet_fds * sizeof(int))> bytes;
};

std::vector<unique_fd> take_fds(msghdr& message) {
  std::vector<unique_fd> fds;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
      continue;
    const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

} // namespace

std::optional<packet_pair> make_packet_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return std::nullopt;
  return packet_pair{unique_fd{ends[0]}, unique_fd{ends[1]}};
}

void wait_for_room(int socket) {
  pollfd room{socket, POLLOUT, 0};
  while (::poll(&room, 1, -1) < 0 && errno == EINTR) {
  }
}

int send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> fds) {
  // An empty packet would look like the end of the connection to the receiver.
  if (bytes.empty() || bytes.size() > max_packet_bytes || fds.size() > max_packet_fds)
    return EMSGSIZE;
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()}; // sendmsg only reads it
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  control_room control;
  if (!fds.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(c), fds.data(), fds.size_bytes());
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
      return 0;
    if (errno != EINTR)
      return errno;
  }
}

std::optional<packet> receive_packet(int socket) {
  std::array<std::byte, max_packet_bytes> buffer; // on the stack: only what a packet fills becomes resident
  control_room control;
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (got < 0 && (errno == EINTR || errno == ECONNRESET)); // reset: once, and before what the peer has sent
  if (got < 0)
    return std::nullopt;
  packet received;
  received.fds = take_fds(message);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) { // MSG_CTRUNC: this process is out of descriptors as well
    errno = EMSGSIZE;
    return std::nullopt;
  }
  received.bytes.assign(buffer.begin(), buffer.begin() + got);
  return received;
}

} // namespace procvisor::os
