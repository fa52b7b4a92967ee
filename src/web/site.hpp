#pragma once

#include <string>
#include <string_view>

#include "core/app_spec.hpp"
#include "core/result.hpp"

/// The web page, the JSON and the metrics of `procvisor web`: a process of this program that is a client like any other.
namespace procvisor::web {

/// The word by which this program knows that it is to be the web server, beside an app's marker. Specs that are kept
/// have it: it stays.
inline constexpr const char* role = "web-server";
inline constexpr const char* app_name = "procvisor-web";

/// Where it listens. Travels in the environment of its process.
struct site {
  std::string host = "127.0.0.1"; ///< an IP address
  int port = 9615;                ///< PM2's
};

environment to_variables(const site& wanted);
result<site> site_from(const environment& variables);

/// exit_code::usage: it is no address, or no port.
result<void> check(const site& wanted);

bool is_loopback(std::string_view address);

/// "http://[::1]:9615"
std::string origin_of(const site& of);

} // namespace procvisor::web
