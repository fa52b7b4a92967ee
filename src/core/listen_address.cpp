#include "core/listen_address.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/units.hpp"
#include "core/wire_text.hpp"

namespace procvisor {

namespace {

using cluster::address_kind;
using nlohmann::json;

constexpr int64_t most_port = 65'535;
constexpr size_t longest_path = 107; ///< unix(7)
constexpr uint32_t only_ipv6 = 1;    ///< server_query::flags, libuv's UV_TCP_IPV6ONLY

constexpr const char* shapes = "address:port, [IPv6 address]:port, :port or the path of a socket";

tl::unexpected<error> no_address(std::string what) {
  return fail(exit_code::usage, std::move(what), "");
}

bool is_ipv4(std::string_view text) {
  int parts = 0;
  while (true) {
    const auto dot = std::min(text.find('.'), text.size());
    const auto part = parse_integer(std::string{text.substr(0, dot)});
    const bool is_number =
        dot >= 1 && dot <= 3 && std::ranges::all_of(text.substr(0, dot), [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number || !part || *part > 255)
      return false;
    ++parts;
    if (dot == text.size())
      return parts == 4;
    text.remove_prefix(dot + 1);
  }
}

/// Its characters only: binding it says the rest.
bool may_be_ipv6(std::string_view text) {
  const auto address = text.substr(0, text.find('%')); // a zone follows
  return address.find(':') != std::string_view::npos
         && address.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

result<int> parse_port(std::string_view text) {
  const bool is_number =
      !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
  const auto port = is_number ? parse_integer(std::string{text}) : std::nullopt;
  if (!port || *port < 1 || *port > most_port)
    return no_address("its port is no number from 1 to 65535");
  return static_cast<int>(*port);
}

} // namespace

result<cluster::server_query> parse_listen_address(std::string_view text) {
  cluster::server_query query;
  if (text.starts_with('/')) {
    if (text.size() > longest_path)
      return no_address(fmt::format("the path of a socket has {} bytes at most", longest_path));
    query.kind = address_kind::path;
    query.address = text;
    return query;
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return no_address(fmt::format("expected {}", shapes));
  auto host = text.substr(0, colon);
  const bool in_brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (in_brackets) {
    host = host.substr(1, host.size() - 2);
    query.kind = address_kind::ipv6;
    query.flags = only_ipv6;
  }
  if (in_brackets ? !may_be_ipv6(host) : !host.empty() && !is_ipv4(host))
    return no_address(host.find(':') != std::string_view::npos && !in_brackets
                          ? "an address of IPv6 stands in brackets"
                          : fmt::format("a number is wanted, not a name: {}", shapes));
  query.address = host;
  return parse_port(text.substr(colon + 1)).map([&](int port) {
    query.port = port;
    return query;
  });
}

std::string descriptor_name(std::string_view address) {
  std::string name{address.substr(address.rfind(address.starts_with('/') ? '/' : ':') + 1)};
  std::ranges::replace_if(
      name, [](char c) { return c == ':' || c <= ' ' || c > '~'; }, '_');
  return name;
}

std::string to_text(const kept_listener& socket) {
  return json{{"app", to_wire_text(socket.app)}, {"listen", to_wire_text(socket.address)}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
}

std::optional<kept_listener> kept_listener_from(std::string_view text) {
  const auto said = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!said.is_object() || said.size() != 2)
    return std::nullopt;
  const auto bytes = [&](const char* key) -> std::optional<std::string> {
    const auto at = said.find(key);
    if (at == said.end() || !at->is_string())
      return std::nullopt;
    return from_wire_text(at->get_ref<const std::string&>());
  };
  auto app = bytes("app");
  auto address = bytes("listen");
  if (!app || !address)
    return std::nullopt;
  return kept_listener{*std::move(app), *std::move(address)};
}

} // namespace procvisor
