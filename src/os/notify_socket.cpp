#include "os/notify_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace procvisor::os {

namespace {

/// "@name", or a path. False: it is too long.
bool read_address(const std::string& address, sockaddr_un& name, socklen_t& size) {
  if (address.empty() || address.size() > sizeof name.sun_path)
    return false;
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, address.data(), address.size());
  if (name.sun_path[0] == '@')
    name.sun_path[0] = '\0';
  size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  return true;
}

/// 0 or errno. The other end gets a copy of `descriptor`, unless that is -1.
int send_to(int socket, const sockaddr_un& name, socklen_t size, std::string_view text, int descriptor) {
  iovec part{const_cast<char*>(text.data()), text.size()}; // sendmsg changes nothing
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptor)> control{};
  msghdr message{};
  message.msg_name = const_cast<sockaddr_un*>(&name);
  message.msg_namelen = size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? errno : 0;
}

} // namespace

unique_fd open_notify_socket(const std::string& address) {
  sockaddr_un name{};
  socklen_t size = 0;
  if (!read_address(address, name, size)) {
    errno = ENAMETOOLONG;
    return {};
  }
  unique_fd made{::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const int on = 1;
  if (!made || ::setsockopt(made.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0
      || ::bind(made.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0)
    return {};
  return made;
}

std::optional<notify_datagram> receive_notification(int socket) {
  std::array<char, 4096> text;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))>
      control; // no room for descriptors: the kernel closes them
  iovec part{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0)
    return std::nullopt;
  notify_datagram one{{text.data(), static_cast<size_t>(got)}, static_cast<uid_t>(-1)};
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (head != nullptr && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_CREDENTIALS) {
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(head), sizeof sender);
    one.sender = sender.uid;
  }
  return one;
}

int tell_service_manager(const std::string& address, std::string_view text) {
  sockaddr_un name{};
  socklen_t size = 0;
  if (!read_address(address, name, size))
    return ENAMETOOLONG;
  const unique_fd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::array<int, 2> ends{};
  if (!socket || ::pipe2(ends.data(), O_CLOEXEC) != 0)
    return errno;
  const unique_fd read_end{ends[0]};
  unique_fd write_end{ends[1]};
  if (const int failed = send_to(socket.get(), name, size, text, -1); failed != 0)
    return failed;
  // sd_notify_barrier(3): it closes this when it has come to it.
  if (const int failed = send_to(socket.get(), name, size, "BARRIER=1", write_end.get()); failed != 0)
    return failed;
  write_end.reset();
  constexpr int at_most_ms = 5000;
  pollfd closed{read_end.get(), 0, 0};
  return ::poll(&closed, 1, at_most_ms) < 0 ? errno : 0;
}

} // namespace procvisor::os
