#include "os/peer.hpp"

namespace procvisor::os {

std::optional<ucred> peer_credentials(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return std::nullopt;
  return peer;
}

} // namespace procvisor::os
