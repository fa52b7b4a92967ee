#include "core/static_site.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "core/text.hpp"
#include "core/units.hpp"

namespace procvisor {

namespace {

constexpr int64_t most_port = 65'535;

constexpr std::string_view basic_auth_variable = "PM2_SERVE_BASIC_AUTH"; ///< "true" beside a name and a password

bool is_port(std::string_view text) {
  const auto number = parse_integer(text);
  return number && *number >= 1 && *number <= most_port;
}

bool is_address(std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  const std::string host{text};
  return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1
         || ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

bool is_flag_value(std::string_view text) {
  return text == "true" || text == "false" || text == "1" || text == "0";
}

bool is_set(std::string_view flag) {
  return flag == "true" || flag == "1";
}

bool is_text(std::string_view text) {
  return !text.empty() && text.find('\0') == std::string_view::npos;
}

bool is_user_name(std::string_view text) {
  return is_text(text) && text.find(':') == std::string_view::npos; // the colon ends the name on the wire
}

enum setting_index : uint8_t { path, port, host, spa, ftp, homepage, user, password };

constexpr std::string_view flag_form = "true or false";

constexpr site_setting table[] = {
    {.name = "path", .expected = "a folder", .accepts = is_text, .help = "the folder to serve"},
    {.name = "port", .expected = "a port from 1 to 65535", .accepts = is_port, .help = "where to listen"},
    {.name = "host",
     .expected = "an IP address",
     .accepts = is_address,
     .help = "address to listen on (default 0.0.0.0, all of IPv4)"},
    {.name = "spa",
     .expected = flag_form,
     .accepts = is_flag_value,
     .help = "answer with the homepage where there is no such file",
     .is_flag = true},
    {.name = "ftp",
     .expected = flag_form,
     .accepts = is_flag_value,
     .help = "list folders that have no index.html",
     .is_flag = true},
    {.name = "homepage",
     .expected = "a file below the folder",
     .accepts = is_text,
     .help = "the file that / is (default /index.html)"},
    {.name = "basic_auth_username",
     .expected = "a name without ':'",
     .accepts = is_user_name,
     .help = "answer this user only"},
    {.name = "basic_auth_password",
     .expected = "a password",
     .accepts = is_text,
     .help = "that user's password; better in PM2_SERVE_BASIC_AUTH_PASSWORD, for others can read command lines",
     .is_secret = true},
};

} // namespace

const site_setting& site_root_setting = table[path];
const site_setting& site_port_setting = table[port];

std::span<const site_setting> site_settings() {
  return table;
}

const site_setting* find_site_setting(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const auto& row) { return row.name == name; });
  return found == std::end(table) ? nullptr : found;
}

std::string site_variable(const site_setting& setting) {
  std::string variable = "PM2_SERVE_";
  std::transform(setting.name.begin(), setting.name.end(), std::back_inserter(variable),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return variable;
}

std::optional<std::string> site_value_problem(const site_setting& setting, std::string_view value) {
  if (setting.accepts(value))
    return std::nullopt;
  return setting.is_secret ? fmt::format("must be {}", setting.expected)
                           : fmt::format("must be {}, not {}", setting.expected, in_quotes(value));
}

result<static_site> static_site_from(const environment& variables) {
  std::array<std::optional<std::string>, std::size(table)> given;
  for (size_t i = 0; i < given.size(); ++i) {
    const auto variable = site_variable(table[i]);
    const auto at = variables.find(variable);
    if (at == variables.end())
      continue;
    if (const auto problem = site_value_problem(table[i], at->second))
      return fail(exit_code::usage, fmt::format("{} {}", variable, *problem));
    given[i] = at->second;
  }
  static_site site;
  site.root = given[path].value_or(site.root);
  site.host = given[host].value_or(site.host);
  if (given[port])
    site.port = static_cast<int>(*parse_integer(*given[port]));
  site.is_single_page = is_set(given[spa].value_or(""));
  site.lists_folders = is_set(given[ftp].value_or(""));
  site.homepage = given[homepage].value_or(site.homepage);
  const auto wanted = variables.find(std::string{basic_auth_variable});
  const bool wants_login = wanted != variables.end() && is_set(wanted->second);
  if (given[user].has_value() != given[password].has_value() || (wants_login && !given[user]))
    return fail(exit_code::usage,
                fmt::format("{} and {} belong together", site_variable(table[user]), site_variable(table[password])));
  if (given[user])
    site.only_for = static_site::login{*given[user], *given[password]};
  return site;
}

std::string static_site_name(int port) {
  return fmt::format("static-page-server-{}", port);
}

} // namespace procvisor
