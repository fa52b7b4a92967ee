#include "rpc/client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "rpc/wire.hpp"

namespace procvisor::rpc {

namespace {

/// A connection carries one request at a time, so that one id does for all.
constexpr int request_id = 1;

constexpr const char* journal_hint = "see procvisor.log in $PROCVISOR_HOME, by default ~/.procvisor";

tl::unexpected<error> lost(std::string_view why) {
  return fail(exit_code::unreachable, fmt::format("the connection to the daemon is lost: {}", why), journal_hint);
}

tl::unexpected<error> nonsense(std::string_view what) {
  return fail(exit_code::other, fmt::format("the daemon's answer makes no sense: {}", what));
}

error error_of(const nlohmann::json& wire) {
  error e{code_from_wire(wire.value("code", nlohmann::json{})), wire.value("message", "unknown error")};
  if (auto data = wire.find("data"); data != wire.end() && data->is_object())
    e.hint = data->value("hint", "");
  return e;
}

} // namespace

result<void> client::wait_for(short event, patience limit) const {
  pollfd ready{socket_.get(), event, 0};
  int timeout = limit ? static_cast<int>(limit->count()) : -1;
  int count = 0;
  do
    count = ::poll(&ready, 1, timeout);
  while (count < 0 && errno == EINTR);
  if (count < 0)
    return lost(std::strerror(errno));
  if (count == 0)
    return fail(exit_code::unreachable,
                fmt::format("a daemon is there and does not answer (waited {} s)",
                            std::chrono::duration_cast<std::chrono::seconds>(*limit).count()),
                journal_hint);
  return {};
}

/// Until there is something to receive.
result<void> client::wait_while_it_lives() const {
  for (;;) {
    pollfd readable{socket_.get(), POLLIN, 0};
    const int count = ::poll(&readable, 1, static_cast<int>(prompt->count()));
    if (count > 0)
      return {};
    if (count < 0 && errno != EINTR)
      return lost(std::strerror(errno));
    if (count == 0)
      if (auto lives = check_that_it_lives(); !lives)
        return lives;
  }
}

/// Asks on a second connection: this one carries one request at a time.
result<void> client::check_that_it_lives() const {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return lost(std::strerror(errno));
  os::unique_fd second{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)}; // its backlog may be full
  if (!second || ::connect(second.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
    return lost(std::strerror(errno));
  return client{std::move(second)}.call(method::ping, nlohmann::json::object(), prompt).map([](const auto&) {});
}

result<void> client::send(const char* method, const nlohmann::json& params, patience limit) {
  std::string message;
  try {
    message = nlohmann::json{{"jsonrpc", "2.0"}, {"id", request_id}, {"method", method}, {"params", params}}.dump();
  } catch (const nlohmann::json::type_error&) { // 316: the library looks at the encoding while it writes
    return fail(exit_code::usage, "a name, path or argument is not valid UTF-8");
  }
  message += '\n';
  if (message.size() > max_message_bytes)
    return fail(exit_code::usage, fmt::format("the request is larger than {} MiB", max_message_bytes >> 20U),
                "do it in several steps");
  std::string_view rest = message;
  while (!rest.empty()) {
    ssize_t sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      rest.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (errno == EINTR)
      continue;
    if (errno != EAGAIN)
      return lost(std::strerror(errno));
    if (auto writable = wait_for(POLLOUT, limit); !writable)
      return writable;
  }
  return {};
}

std::optional<std::string> client::take_message() {
  const size_t end = received_.find('\n', std::max(searched_, taken_));
  if (end == std::string::npos) {
    received_.erase(0, std::exchange(taken_, 0));
    searched_ = received_.size();
    return std::nullopt;
  }
  std::string message = received_.substr(taken_, end - taken_);
  taken_ = end + 1;
  return message;
}

/// False: nothing is there yet.
result<bool> client::read_some() {
  if (received_.size() > max_message_bytes)
    return nonsense(fmt::format("it is larger than {} MiB", max_message_bytes >> 20U));
  std::array<char, 65536> block; // NOLINT: recv fills it
  const ssize_t count = ::recv(socket_.get(), block.data(), block.size(), MSG_DONTWAIT);
  if (count > 0)
    received_.append(block.data(), static_cast<size_t>(count));
  else if (count == 0)
    return lost("it was closed before an answer came");
  else if (errno != EINTR && errno != EAGAIN)
    return lost(std::strerror(errno));
  return count > 0;
}

result<std::string> client::receive(patience limit) {
  for (;;) {
    if (auto message = take_message())
      return std::move(*message);
    if (auto readable = wait_for(POLLIN, limit); !readable)
      return fail(std::move(readable.error()));
    if (auto read = read_some(); !read)
      return fail(std::move(read.error()));
  }
}

result<std::optional<std::string>> client::receive_if_there() {
  for (;;) {
    if (auto message = take_message())
      return message;
    auto read = read_some();
    if (!read)
      return fail(std::move(read.error()));
    if (!*read)
      return std::optional<std::string>{};
  }
}

result<std::string> client::exchange(const char* method, const nlohmann::json& params, patience limit) {
  if (limit)
    return send(method, params, limit).and_then([&] { return receive(limit); });
  return send(method, params, prompt).and_then([&] { return wait_while_it_lives(); }).and_then([&] {
    return receive(prompt);
  });
}

result<nlohmann::json> client::call(const char* method, const nlohmann::json& params, patience limit) {
  return exchange(method, params, limit).and_then(decode_reply);
}

result<nlohmann::json> decode_reply(const std::string& reply) {
  nlohmann::json message = nlohmann::json::parse(reply, nullptr, /*allow_exceptions=*/false);
  if (!message.is_object())
    return nonsense("it is no JSON object");
  try {
    if (auto spoken = check_protocol(message.value("protocol", int64_t{-1})); !spoken)
      return fail(std::move(spoken.error()));
    if (auto failed = message.find("error"); failed != message.end())
      return fail(error_of(*failed));
    auto found = message.find("result");
    if (found == message.end())
      return nonsense("it has neither a result nor an error");
    return std::move(*found);
  } catch (const nlohmann::json::type_error& e) {
    return nonsense(e.what());
  }
}

exit_code code_from_wire(const nlohmann::json& number) {
  auto code = number.is_number_integer() ? number.get<int64_t>() : 0;
  bool is_failure = code > 0 && code <= static_cast<int64_t>(exit_code::unreachable);
  return is_failure ? static_cast<exit_code>(code) : exit_code::other;
}

result<void> check_protocol(int64_t protocol) {
  if (std::abs(protocol - protocol_version) <= 1)
    return {};
  return fail(exit_code::other,
              fmt::format("the daemon speaks protocol {} and this procvisor {}", protocol, protocol_version),
              "use the procvisor that started the daemon");
}

} // namespace procvisor::rpc
