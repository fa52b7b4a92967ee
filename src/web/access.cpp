#include "web/access.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "serve/secret.hpp"

namespace procvisor::web {

namespace {

constexpr std::string_view bearer = "Bearer ";

/// "localhost", "[::1]" of "[::1]:9615"
std::string_view name_of(std::string_view host) {
  if (host.starts_with('['))
    return host.substr(0, std::min(host.find(']'), host.size() - 1) + 1);
  return host.substr(0, host.find(':'));
}

bool names_loopback(std::string_view host) {
  const auto name = name_of(host);
  return name == "localhost" || name == "[::1]" || name.starts_with("127.");
}

} // namespace

bool is_open(std::string_view path) {
  return path == "/" || path == "/healthz" || path == "/readyz" || path == "/metrics";
}

verdict judge(const credentials& who, std::string_view token, bool is_local) {
  if (is_local && !names_loopback(who.host))
    return verdict::wrong_host;
  const bool only_looks = who.method == "GET" || who.method == "HEAD";
  if (only_looks && is_open(who.path))
    return verdict::let_in;
  if (who.authorization.starts_with(bearer))
    return serve::is_same_secret(who.authorization.substr(bearer.size()), token) ? verdict::let_in : verdict::no_token;
  if (!serve::is_same_secret(who.cookie, token))
    return verdict::no_token;
  return only_looks || !who.own_header.empty() ? verdict::let_in : verdict::forged;
}

std::string cookie_name(int port) {
  return fmt::format("procvisor_{}", port);
}

std::string_view cookie_value(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const auto end = std::min(cookies.find(';'), cookies.size());
    auto one = cookies.substr(0, end);
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    if (const auto equals = one.find('='); equals != std::string_view::npos && one.substr(0, equals) == name)
      return one.substr(equals + 1);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
  }
  return {};
}

} // namespace procvisor::web
