#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/cluster_message.hpp"

namespace procvisor::cluster {

/// A listening socket of a clustered app, as it is written down beside the descriptor that the keeper holds.
struct kept_socket {
  std::string app;
  server_query query;
  std::string path;       ///< to be removed with it; empty: it has none
  bool is_shared = false; ///< the workers accept by themselves
};

/// One line; the same for the same socket.
std::string to_text(const kept_socket& socket);
/// nullopt: another version has written it.
std::optional<kept_socket> kept_socket_from(std::string_view text);

} // namespace procvisor::cluster
