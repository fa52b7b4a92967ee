#include "core/wire_text.hpp"

#include <charconv>
#include <cstdint>

#include <fmt/format.h>

#include "core/text.hpp"

namespace procvisor {

namespace {

constexpr size_t digits = 2;

} // namespace

std::string to_wire_text(std::string_view bytes) {
  if (is_utf8(bytes))
    return std::string(bytes);
  std::string text;
  while (!bytes.empty()) {
    const auto length = utf8_length(bytes);
    if (length > 0) {
      text += bytes.substr(0, length);
    } else {
      text += '\0';
      text += fmt::format("{:02x}", static_cast<uint8_t>(bytes.front()));
    }
    bytes.remove_prefix(length > 0 ? length : 1);
  }
  return text;
}

std::optional<std::string> from_wire_text(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const auto plain = text.substr(0, text.find('\0'));
    bytes += plain;
    text.remove_prefix(plain.size());
    if (text.empty())
      break;
    text.remove_prefix(1);
    const auto code = text.substr(0, digits);
    uint8_t byte = 0;
    const auto [end, failure] = std::from_chars(code.data(), code.data() + code.size(), byte, 16);
    if (failure != std::errc{} || end != code.data() + digits)
      return std::nullopt;
    bytes += static_cast<char>(byte);
    text.remove_prefix(digits);
  }
  return bytes;
}

} // namespace procvisor
