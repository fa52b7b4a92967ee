#include "serve/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace procvisor::serve {

namespace {

constexpr int backlog = 511;

struct address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

address address_of(const std::string& host, int port) {
  address found;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&found.storage);
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<uint16_t>(port));
    found.length = sizeof *v4;
    return found;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&found.storage);
  if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<uint16_t>(port));
    found.length = sizeof *v6;
  }
  return found;
}

} // namespace

result<os::unique_fd> listen_on(const std::string& host, int port) {
  const address where = address_of(host, port);
  os::unique_fd listener{::socket(where.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int yes = 1; // a port whose last connections are still in TIME_WAIT is free
  if (listener && ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0
      && ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&where.storage), where.length) == 0
      && ::listen(listener.get(), backlog) == 0)
    return listener;
  const int reason = errno;
  const char* hint = reason == EADDRINUSE ? "stop what listens there, or choose another port"
                     : reason == EACCES   ? "ports below 1024 need root"
                                          : "";
  return fail(exit_code::start_failed,
              fmt::format("cannot listen on {} port {}: {}", host, port, ::strerrordesc_np(reason)), hint);
}

} // namespace procvisor::serve
