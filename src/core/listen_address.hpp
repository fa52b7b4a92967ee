#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cluster_message.hpp"
#include "core/result.hpp"

/// The key `listen`: sockets that procvisor holds for an app and hands to each of its processes, as sd_listen_fds(3)
/// describes it: from descriptor 3 on, with LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES in the environment.
namespace procvisor {

inline constexpr size_t most_listen_addresses = 32;
inline constexpr int first_passed_descriptor = 3;

/// "127.0.0.1:8080", "[::1]:8080", ":8080" (every address, of IPv6 too), "/run/app.sock". An address of IPv6 takes IPv6
/// alone, so that "0.0.0.0:8080" and "[::]:8080" can stand side by side. The error says what is wrong, without the text.
result<cluster::server_query> parse_listen_address(std::string_view text);

/// What it is called in LISTEN_FDNAMES: its port, or the last part of its path; no colon and nothing that is not ASCII.
std::string descriptor_name(std::string_view address);

/// A socket as it is written down beside the descriptor that the keeper holds.
struct kept_listener {
  std::string app;
  std::string address;
  bool operator==(const kept_listener&) const = default;
};
std::string to_text(const kept_listener& socket);
/// nullopt: it is another kind of socket, or another version has written it.
std::optional<kept_listener> kept_listener_from(std::string_view text);

} // namespace procvisor
