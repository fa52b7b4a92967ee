#include "web/site.hpp"

#include <arpa/inet.h>

#include <array>

#include <fmt/format.h>

#include "core/text.hpp"
#include "core/units.hpp"

namespace procvisor::web {

namespace {

constexpr const char* host_variable = "PROCVISOR_WEB_HOST";
constexpr const char* port_variable = "PROCVISOR_WEB_PORT";
constexpr int highest_port = 65535;

bool is_address(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  return ::inet_pton(family, text.c_str(), binary.data()) == 1;
}

} // namespace

environment to_variables(const site& wanted) {
  return {{host_variable, wanted.host}, {port_variable, std::to_string(wanted.port)}};
}

result<site> site_from(const environment& variables) {
  site found;
  if (const auto host = variables.find(host_variable); host != variables.end())
    found.host = host->second;
  if (const auto port = variables.find(port_variable); port != variables.end())
    found.port = static_cast<int>(parse_integer(port->second).value_or(0));
  return check(found).map([&] { return found; });
}

result<void> check(const site& wanted) {
  if (!is_address(AF_INET, wanted.host) && !is_address(AF_INET6, wanted.host))
    return fail(exit_code::usage, fmt::format("--host must be an IP address, not {}", in_quotes(wanted.host)),
                "127.0.0.1 for this machine alone, 0.0.0.0 for all");
  if (wanted.port < 1 || wanted.port > highest_port)
    return fail(exit_code::usage, fmt::format("--port must be from 1 to {}", highest_port));
  return {};
}

bool is_loopback(std::string_view address) {
  return address == "::1" || address.starts_with("127.");
}

std::string origin_of(const site& of) {
  const bool is_v6 = of.host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", is_v6 ? "[" : "", of.host, is_v6 ? "]" : "", of.port);
}

} // namespace procvisor::web
