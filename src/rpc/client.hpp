#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json_fwd.hpp>

#include "core/result.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::rpc {

/// How long a client waits while not one byte comes or goes; nullopt: as long as the connection lives.
using patience = std::optional<std::chrono::milliseconds>;

/// For what the daemon answers from memory.
inline constexpr patience prompt{std::chrono::seconds{10}};

/// For what takes as long as the apps take: start, stop, restart, kill, a stream of logs. A call asks meanwhile whether
/// the daemon lives.
inline constexpr patience unlimited{};

/// A client's blocking end of a connection to the daemon (rpc/wire.hpp). One request at a time. Every failure to send
/// or to get an answer is exit_code::unreachable; an error that the daemon answers has the code that it says.
class client {
public:
  explicit client(os::unique_fd socket) : socket_(std::move(socket)) {}

  /// Sends a request and waits for the `result` of its reply.
  result<nlohmann::json> call(const char* method, const nlohmann::json& params, patience limit);

  /// The same, but the reply is not decoded yet: see decode_reply().
  result<std::string> exchange(const char* method, const nlohmann::json& params, patience limit);

  /// Sends a request that is answered by several messages. Text that is not UTF-8 is exit_code::usage.
  result<void> send(const char* method, const nlohmann::json& params, patience limit);

  /// The next message, without its newline.
  result<std::string> receive(patience limit);

  /// The next message if it has come whole; does not wait for it.
  result<std::optional<std::string>> receive_if_there();

  /// Whether receive() would return at once.
  bool has_message() const noexcept { return received_.find('\n', taken_) != std::string::npos; }

  int socket() const noexcept { return socket_.get(); }

private:
  std::optional<std::string> take_message();
  result<bool> read_some();
  result<void> wait_for(short event, patience limit) const;
  result<void> wait_while_it_lives() const;
  result<void> check_that_it_lives() const;

  os::unique_fd socket_;
  std::string received_;
  size_t searched_ = 0; ///< up to here there is no newline behind taken_
  size_t taken_ = 0;    ///< bytes of received_ that receive() has returned already
};

/// The `result` of a reply, or its `error`.
result<nlohmann::json> decode_reply(const std::string& reply);

/// The exit code that an error of the wire names; exit_code::other for numbers that are none.
exit_code code_from_wire(const nlohmann::json& number);

/// Whether a client of this version understands what a daemon says that speaks `protocol`.
result<void> check_protocol(int64_t protocol);

} // namespace procvisor::rpc
