#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Who may do what. Pure: decided by what a request says.
namespace procvisor::web {

/// What of a request decides.
struct credentials {
  std::string_view method = {};        ///< "GET"
  std::string_view path = {};          ///< without the query
  std::string_view host = {};          ///< the header; empty: none
  std::string_view authorization = {}; ///< the header; empty: none
  std::string_view cookie = {};        ///< the value of ours; empty: none
  std::string_view own_header = {};    ///< X-Procvisor: what no page of another site can send without being asked first
};

enum class verdict : uint8_t {
  let_in,
  wrong_host, ///< a name that somebody has made point here (DNS rebinding)
  no_token,   ///< there is none, or it is a wrong one
  forged,     ///< the token came by itself, with a request that some other page may have made
};

/// What everybody may see: `/`, /healthz, /readyz and /metrics tell no logs, no environment and no arguments.
bool is_open(std::string_view path);

/// `is_local`: the server listens on a loopback address, which is asked for by one of its names alone.
verdict judge(const credentials& who, std::string_view token, bool is_local);

/// The name of the cookie that a browser keeps the token in: cookies do not tell ports apart.
std::string cookie_name(int port);
/// Of a Cookie header; empty: it is not there.
std::string_view cookie_value(std::string_view cookies, std::string_view name);

} // namespace procvisor::web
