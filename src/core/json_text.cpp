#include "core/json_text.hpp"

#include <cstddef>
#include <iterator>

#include <fmt/format.h>

namespace procvisor {

namespace {

constexpr bool is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/// Bytes of the well-formed character at the beginning of `text`, which starts with no ASCII; 0: there is none.
size_t character_bytes(std::string_view text) {
  const auto at = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = at(0);
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length)
    return 0;
  // The second byte rules out overlong forms, surrogates and what lies beyond U+10FFFF.
  const unsigned char lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (at(1) < lowest || at(1) > highest)
    return 0;
  for (size_t i = 2; i < length; ++i)
    if ((at(i) & 0xc0) != 0x80)
      return 0;
  return length;
}

void append_escaped(std::string& to, char c) {
  switch (c) {
    case '"':
      to += "\\\"";
      return;
    case '\\':
      to += "\\\\";
      return;
    case '\n':
      to += "\\n";
      return;
    case '\r':
      to += "\\r";
      return;
    case '\t':
      to += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

} // namespace

void append_json_text(std::string& to, std::string_view text) {
  to += '"';
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && is_plain(static_cast<unsigned char>(text[plain])))
      ++plain;
    if (plain == 0 && static_cast<unsigned char>(text.front()) >= 0x80)
      plain = character_bytes(text);
    to += text.substr(0, plain);
    text.remove_prefix(plain);
    if (plain == 0) {
      append_escaped(to, text.front());
      text.remove_prefix(1);
    }
  }
  to += '"';
}

bool is_nested_deeper(std::string_view text, int levels) {
  int depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size() && depth <= levels; ++i) {
    const char c = text[i];
    if (in_text && c == '\\')
      ++i;
    else if (c == '"')
      in_text = !in_text;
    else if (!in_text)
      depth += (c == '[' || c == '{') - (c == ']' || c == '}');
  }
  return depth > levels;
}

} // namespace procvisor
