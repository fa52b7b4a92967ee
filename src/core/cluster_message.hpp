#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json_fwd.hpp>

#include "core/process.hpp"

/// The wire of Node's cluster module, seen from a primary that is not Node: what workers say on their IPC channel, and
/// what is said to them. Messages are JSON objects with `"cmd":"NODE_CLUSTER"`, one a line. One that goes with a
/// descriptor is wrapped in `"cmd":"NODE_HANDLE"`, and answered by NODE_HANDLE_ACK or NODE_HANDLE_NACK.
///
/// A worker that calls listen() sends `queryServer` and waits. The answer either brings the listening socket, from which
/// it then accepts by itself, or no descriptor: it will be sent each connection by `newconn`, which it accepts or, when
/// it is about to leave, refuses.
namespace procvisor::cluster {

enum class address_kind : uint8_t { ipv4, ipv6, udp4, udp6, path };

/// It wants to listen.
struct server_query {
  uint64_t seq = 0;
  std::string address; ///< empty: any. With address_kind::path, the path
  int port = -1;       ///< 0: any
  address_kind kind = address_kind::ipv4;
  int fd = -1; ///< `listen({fd})`: a number among the primary's descriptors; -1: none
  int backlog = 511;
  uint32_t flags = 0; ///< libuv's
  int64_t index = 0;  ///< how often it listens there already
  std::string data;   ///< of TLS servers, JSON: all of them share what the first one has said; empty: none
};
struct listening {};   ///< it serves
struct server_closed { ///< it listens there no longer
  std::string key;
};
struct connection_answer { ///< to newconn
  uint64_t seq = 0;
  bool is_accepted = false;
};
struct leaving { ///< it is about to disconnect of its own accord
  uint64_t seq = 0;
};
struct handle_refused {}; ///< a descriptor has not arrived
/// Nothing that has to be heeded: `online`, NODE_HANDLE_ACK, answers that nobody waits for.
struct noted {};
using message = std::variant<server_query, listening, server_closed, connection_answer, leaving, handle_refused, noted>;

/// A message of a worker; nullopt: it is none of Node's own.
std::optional<message> read(const nlohmann::json& said);

/// Under which name a worker knows what it listens on. The same for all workers that ask for the same.
std::string key_of(const server_query& query);

/// The name that a socket has. Where it is not known: the empty address.
struct socket_name {
  std::string address;
  int port = 0;
  bool is_ipv6 = false;
};

// -- to a worker: a line without its newline

/// It will be given its connections. `name` is empty for a path.
std::string dealt_answer(uint64_t seq, std::string_view key, std::string_view data,
                         const std::optional<socket_name>& name);
/// Goes with the socket.
std::string shared_answer(uint64_t seq, std::string_view key, std::string_view data);
/// `error`: an errno, such as EADDRINUSE.
std::string failed_answer(uint64_t seq, std::string_view key, std::string_view data, int error);
/// Goes with the connection.
std::string new_connection(std::string_view key, uint64_t seq);
std::string acknowledgement(uint64_t seq);
/// It shall close its servers, finish what is open, and leave.
std::string_view disconnect();
/// To an app that passes a descriptor itself: it has arrived.
std::string_view handle_taken();

/// A worker: one launch of one process.
struct worker_key {
  process_id id{};
  generation gen{};
  auto operator<=>(const worker_key&) const = default;
};

} // namespace procvisor::cluster
