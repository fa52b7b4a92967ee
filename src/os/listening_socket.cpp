#include "os/listening_socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "os/text_file.hpp"

namespace procvisor::os {

namespace {

using cluster::address_kind;

// libuv's, as Node passes them on in `flags`.
constexpr uint32_t only_ipv6 = 1;         ///< UV_TCP_IPV6ONLY, UV_UDP_IPV6ONLY
constexpr uint32_t tcp_reuse_port = 2;    ///< UV_TCP_REUSEPORT
constexpr uint32_t udp_reuse_address = 4; ///< UV_UDP_REUSEADDR
constexpr uint32_t udp_reuse_port = 8;    ///< UV_UDP_REUSEPORT

/// Node's, which workers that do not say otherwise leave to their primary.
constexpr int usual_backlog = 511;

struct address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

bool is_udp(address_kind kind) {
  return kind == address_kind::udp4 || kind == address_kind::udp6;
}

bool is_ipv6(const cluster::server_query& query) {
  return query.kind == address_kind::ipv6 || query.kind == address_kind::udp6;
}

template <class T>
address wrapped(const T& native) {
  address made;
  std::memcpy(&made.storage, &native, sizeof native);
  made.size = sizeof native;
  return made;
}

tl::expected<address, int> internet_address(const std::string& text, int port, bool ipv6) {
  if (port < 0 || port > 65535)
    return tl::unexpected(EINVAL);
  if (!ipv6) {
    sockaddr_in native{};
    native.sin_family = AF_INET;
    native.sin_port = htons(static_cast<uint16_t>(port));
    if (inet_pton(AF_INET, text.c_str(), &native.sin_addr) != 1)
      return tl::unexpected(EINVAL);
    return wrapped(native);
  }
  sockaddr_in6 native{};
  native.sin6_family = AF_INET6;
  native.sin6_port = htons(static_cast<uint16_t>(port));
  const auto zone = text.find('%');
  if (inet_pton(AF_INET6, text.substr(0, zone).c_str(), &native.sin6_addr) != 1)
    return tl::unexpected(EINVAL);
  if (zone != std::string::npos)
    native.sin6_scope_id = static_cast<uint32_t>(std::strtoul(text.c_str() + zone + 1, nullptr, 10));
  return wrapped(native);
}

bool set_option(int socket, int level, int option, int value) {
  return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

/// The lowest port that needs no privilege.
int first_free_port() {
  const auto text = read_text_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", 32);
  return text ? static_cast<int>(std::strtol(text->c_str(), nullptr, 10)) : 1024;
}

/// Access to files as this user, for as long as it lives.
class as_user {
public:
  explicit as_user(const std::optional<socket_owner>& owner) : is_other_(owner && owner->uid != ::geteuid()) {
    if (!is_other_)
      return;
    ::setfsgid(owner->gid);
    ::setfsuid(owner->uid);
  }
  ~as_user() {
    if (!is_other_)
      return;
    ::setfsuid(::geteuid());
    ::setfsgid(::getegid());
  }
  as_user(const as_user&) = delete;
  as_user& operator=(const as_user&) = delete;

private:
  bool is_other_;
};

tl::expected<unique_fd, int> bound(const address& where, int type, const cluster::server_query& query) {
  const int family = where.get()->sa_family;
  unique_fd made{::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!made)
    return tl::unexpected(errno);
  const bool udp = type == SOCK_DGRAM;
  bool all_set = true;
  if (family != AF_UNIX && !udp)
    all_set = set_option(made.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (udp && (query.flags & udp_reuse_address) != 0)
    all_set = set_option(made.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if ((query.flags & (udp ? udp_reuse_port : tcp_reuse_port)) != 0)
    all_set = all_set && set_option(made.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (family == AF_INET6)
    all_set = all_set && set_option(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, (query.flags & only_ipv6) != 0 ? 1 : 0);
  if (!all_set || ::bind(made.get(), where.get(), where.size) != 0)
    return tl::unexpected(errno);
  if (!udp && ::listen(made.get(), query.backlog > 0 ? query.backlog : usual_backlog) != 0)
    return tl::unexpected(errno);
  return made;
}

tl::expected<unique_fd, int> bound_to_path(const cluster::server_query& query, const std::string& cwd,
                                           const std::optional<socket_owner>& owner) {
  const auto path = path_of(query, cwd);
  sockaddr_un native{};
  native.sun_family = AF_UNIX;
  if (path.size() >= sizeof native.sun_path)
    return tl::unexpected(EINVAL); // as libuv says it
  std::memcpy(native.sun_path, path.data(), path.size());
  const as_user guard{owner};
  return bound(wrapped(native), SOCK_STREAM, query);
}

} // namespace

std::string path_of(const cluster::server_query& query, const std::string& cwd) {
  return query.address.starts_with('/') ? query.address : fmt::format("{}/{}", cwd, query.address);
}

tl::expected<unique_fd, int> listen_for(const cluster::server_query& query, const std::string& cwd,
                                        const std::optional<socket_owner>& owner) {
  if (query.fd >= 0)
    return tl::unexpected(EBADF); // a number among our descriptors is nothing that an app may name
  if (query.kind == address_kind::path)
    return query.address.empty() ? tl::unexpected(EINVAL) : bound_to_path(query, cwd, owner);
  const bool is_foreign = owner && owner->uid != 0 && ::geteuid() == 0;
  if (is_foreign && query.port > 0 && query.port < first_free_port())
    return tl::unexpected(EACCES);
  const int type = is_udp(query.kind) ? SOCK_DGRAM : SOCK_STREAM;
  if (!query.address.empty())
    return internet_address(query.address, query.port, is_ipv6(query)).and_then([&](const address& where) {
      return bound(where, type, query);
    });
  // Any address: both families where the machine has both, as Node does it.
  auto both = internet_address("::", query.port, true).and_then([&](const address& where) {
    return bound(where, type, query);
  });
  if (both || (both.error() != EAFNOSUPPORT && both.error() != EADDRNOTAVAIL))
    return both;
  return internet_address("0.0.0.0", query.port, false).and_then([&](const address& where) {
    return bound(where, type, query);
  });
}

namespace {

/// Whoever bound it has ended and left it behind.
bool is_left_behind(const std::string& path) {
  struct stat about {};
  sockaddr_un native{};
  if (::lstat(path.c_str(), &about) != 0 || !S_ISSOCK(about.st_mode) || path.size() >= sizeof native.sun_path)
    return false;
  native.sun_family = AF_UNIX;
  std::memcpy(native.sun_path, path.data(), path.size());
  const auto where = wrapped(native);
  const unique_fd probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  return probe && ::connect(probe.get(), where.get(), where.size) != 0 && errno == ECONNREFUSED;
}

} // namespace

tl::expected<unique_fd, int> listen_for_app(const cluster::server_query& query, std::optional<uid_t> uid,
                                            std::optional<gid_t> gid) {
  const bool has_path = query.kind == address_kind::path;
  auto made = listen_for(query, "/", std::nullopt);
  if (!made && made.error() == EADDRINUSE && has_path && is_left_behind(query.address)
      && ::unlink(query.address.c_str()) == 0)
    made = listen_for(query, "/", std::nullopt);
  if (!made)
    return made;
  constexpr mode_t everybody = 0666;
  const bool is_theirs =
      !has_path
      || (::chmod(query.address.c_str(), everybody) == 0
          && (!uid || ::lchown(query.address.c_str(), *uid, gid.value_or(static_cast<gid_t>(-1))) == 0));
  if (!is_theirs || ::fcntl(made->get(), F_SETFL, 0) != 0) {
    const int why = errno;
    if (has_path)
      ::unlink(query.address.c_str());
    return tl::unexpected(why);
  }
  return made;
}

std::optional<cluster::socket_name> name_of(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    sockaddr_in native{};
    std::memcpy(&native, &storage, sizeof native);
    inet_ntop(AF_INET, &native.sin_addr, text.data(), text.size());
    return cluster::socket_name{text.data(), ntohs(native.sin_port), false};
  }
  if (storage.ss_family != AF_INET6)
    return std::nullopt;
  sockaddr_in6 native{};
  std::memcpy(&native, &storage, sizeof native);
  inet_ntop(AF_INET6, &native.sin6_addr, text.data(), text.size());
  return cluster::socket_name{text.data(), ntohs(native.sin6_port), true};
}

unique_fd accept_connection(int socket) {
  return unique_fd{::accept4(socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
}

} // namespace procvisor::os
