#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// The two ends of a SOCK_SEQPACKET socketpair, close-on-exec and non-blocking: a packet arrives whole or not at all.
struct packet_pair {
  unique_fd first;
  unique_fd second;
};
std::optional<packet_pair> make_packet_pair(); ///< nullopt: errno says why

inline constexpr size_t max_packet_bytes = 128 * 1024; ///< below the default SO_SNDBUF (unix(7))
inline constexpr size_t max_packet_fds = 16;           ///< SCM_RIGHTS takes 253; nobody here needs more than these

/// 0: sent; EAGAIN: the peer's queue is full, send again when writable; another errno: the peer is gone or the call
/// failed.
int send_packet(int socket, std::span<const std::byte> bytes, std::span<const int> fds = {});

/// Blocks until send_packet is worth another try.
void wait_for_room(int socket);

struct packet {
  std::vector<std::byte> bytes; ///< empty: the peer has closed its end
  std::vector<unique_fd> fds;   ///< close-on-exec
};
/// nullopt: errno says why (EAGAIN: nothing there).
std::optional<packet> receive_packet(int socket);

} // namespace procvisor::os
