#include "os/notify_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace procvisor::os {

unique_fd open_notify_socket(const std::string& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.size() > sizeof name.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  std::memcpy(name.sun_path, address.data(), address.size());
  name.sun_path[0] = '\0'; // in place of the @
  unique_fd made{::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const int on = 1;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  if (!made || ::setsockopt(made.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0
      || ::bind(made.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0)
    return {};
  return made;
}

std::optional<notification> receive_notification(int socket) {
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
  notification one{{text.data(), static_cast<size_t>(got)}, static_cast<uid_t>(-1)};
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (head != nullptr && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_CREDENTIALS) {
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(head), sizeof sender);
    one.sender = sender.uid;
  }
  return one;
}

} // namespace procvisor::os
