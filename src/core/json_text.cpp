#include "core/json_text.hpp"

#include <cstddef>
#include <iterator>

#include <fmt/format.h>

#include "core/text.hpp"

namespace procvisor {

namespace {

constexpr bool is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
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
      plain = utf8_length(text);
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
