#include "serve/request_path.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace procvisor::serve {

namespace {

constexpr std::string_view shown_all_the_same = ".well-known"; // RFC 8615: certificates, security.txt

bool needs_no_encoding(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
         || std::string_view{"-._~"}.find(c) != std::string_view::npos;
}

} // namespace

bool is_hidden(std::string_view name) {
  return name.starts_with('.') && name != shown_all_the_same;
}

tl::expected<request_path, path_problem> parse_request_path(std::string_view path) {
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos)
    return tl::unexpected(path_problem::invalid);
  request_path found;
  while (!path.empty()) {
    path.remove_prefix(1); // the slash
    const auto end = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, end);
    path.remove_prefix(end);
    found.names_folder = part.empty() || part == "." || part == "..";
    if (part == "..") {
      if (found.parts.empty())
        return tl::unexpected(path_problem::outside);
      found.parts.pop_back();
    } else if (!found.names_folder) {
      if (is_hidden(part))
        return tl::unexpected(path_problem::hidden);
      found.parts.emplace_back(part);
    }
  }
  return found;
}

std::string relative_path(const request_path& path) {
  return path.parts.empty() ? "." : fmt::format("{}", fmt::join(path.parts, "/"));
}

std::string link_to(const request_path& path) {
  std::string link;
  for (const auto& part : path.parts)
    link.append("/").append(percent_encoded(part));
  if (path.names_folder || link.empty())
    link.push_back('/');
  return link;
}

std::string percent_encoded(std::string_view name) {
  std::string encoded;
  for (const char c : name) {
    if (needs_no_encoding(c))
      encoded.push_back(c);
    else
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

} // namespace procvisor::serve
