#include "core/text.hpp"

#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

namespace procvisor {

namespace {

/// Log files are named after the app; with their endings they have to stay below NAME_MAX (255).
constexpr size_t longest_name = 200;

constexpr size_t longest_quote = 60;

struct code_point {
  uint32_t value = 0;
  size_t length = 0; ///< in bytes; 0: not UTF-8
};

/// The first one of a text that is not empty (RFC 3629: no surrogates, no overlong forms, up to U+10FFFF).
code_point first_code_point(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80)
    return {lead, 1};
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length)
    return {};
  uint32_t value = lead & (0xFFU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80)
      return {};
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF)
    return {};
  return {value, length};
}

/// C0, DEL and C1, and the two separators that break lines.
bool is_control(uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029;
}

/// The first character of a text that is not empty, as it can be shown.
void move_printable(std::string& out, std::string_view& text) {
  const auto [value, length] = first_code_point(text);
  const auto bytes = text.substr(0, length == 0 ? 1 : length);
  if (length != 0 && !is_control(value))
    out += bytes;
  else
    for (const char c : bytes)
      out += fmt::format("\\x{:02x}", static_cast<uint8_t>(c));
  text.remove_prefix(bytes.size());
}

} // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = first_code_point(text).length;
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

size_t utf8_length(std::string_view text) {
  return first_code_point(text).length;
}

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (size_t count = 0; !text.empty(); ++count) {
    if (count == longest_quote) {
      out += "...";
      break;
    }
    move_printable(out, text);
  }
  return out + "'";
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty())
    move_printable(out, text);
  return out;
}

std::optional<std::string_view> name_problem(std::string_view name) {
  if (name.empty())
    return "is empty";
  if (name == "all")
    return "means every app on a command line";
  if (name.front() == '-')
    return "starts with '-', like an option";
  if (name.size() > longest_name)
    return "is longer than 200 bytes";
  for (auto rest = name; !rest.empty();) {
    const auto [value, length] = first_code_point(rest);
    if (length == 0)
      return "is not UTF-8";
    if (is_control(value))
      return "contains a control character";
    if (value == '/')
      return "contains '/'";
    rest.remove_prefix(length);
  }
  return std::nullopt;
}

} // namespace procvisor
