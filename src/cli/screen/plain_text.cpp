#include "cli/screen/plain_text.hpp"

#include <algorithm>
#include <cctype>

#include "cli/render/text_width.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

namespace {

constexpr size_t tab_columns = 8;

bool is_final_byte(char c) {
  return c >= '@' && c <= '~';
}

/// How long the escape sequence is that a text begins with (ECMA-48): CSI up to its final byte, OSC and its kin up to
/// BEL or ST, anything else two bytes. One that has no end is all of the text.
size_t escape_length(std::string_view text) {
  if (text.size() < 2)
    return text.size();
  if (text[1] == '[') {
    size_t at = 2;
    while (at < text.size() && !is_final_byte(text[at]))
      ++at;
    return std::min(at + 1, text.size());
  }
  if (text[1] != ']' && text[1] != 'P' && text[1] != '^' && text[1] != '_' && text[1] != 'X')
    return 2;
  const auto bell = text.find('\a', 2);
  const auto terminator = text.find("\x1b\\", 2);
  if (bell == std::string_view::npos && terminator == std::string_view::npos)
    return text.size();
  return bell < terminator ? bell + 1 : terminator + 2;
}

char folded(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

} // namespace

std::string plain_text(std::string_view line) {
  while (line.ends_with('\r'))
    line.remove_suffix(1);
  if (const auto overwritten = line.rfind('\r'); overwritten != std::string_view::npos)
    line.remove_prefix(overwritten + 1);
  std::string text;
  while (!line.empty()) {
    const auto special =
        static_cast<size_t>(std::ranges::find_if(line, [](char c) { return c == '\x1b' || c == '\t'; }) - line.begin());
    text += printable(line.substr(0, special));
    line.remove_prefix(special);
    if (line.empty())
      break;
    if (line.front() == '\t')
      text.append(tab_columns - display_width(text) % tab_columns, ' ');
    line.remove_prefix(line.front() == '\t' ? 1 : escape_length(line));
  }
  return text;
}

bool is_exact(std::string_view wanted) {
  return std::ranges::any_of(wanted, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::vector<text_span> occurrences(std::string_view text, std::string_view wanted) {
  std::vector<text_span> found;
  if (wanted.empty())
    return found;
  const bool exact = is_exact(wanted);
  const auto is_equal = [exact](char a, char b) { return exact ? a == b : folded(a) == folded(b); };
  for (auto from = text.begin();;) {
    const auto at = std::search(from, text.end(), wanted.begin(), wanted.end(), is_equal);
    if (at == text.end())
      return found;
    const auto begin = static_cast<size_t>(at - text.begin());
    found.push_back({begin, begin + wanted.size()});
    from = at + static_cast<std::ptrdiff_t>(wanted.size());
  }
}

std::string_view from_column(std::string_view text, size_t columns) {
  while (columns > 0 && !text.empty()) {
    const auto length = std::max<size_t>(utf8_length(text), 1);
    columns -= std::min(columns, display_width(text.substr(0, length)));
    text.remove_prefix(length);
  }
  return text;
}

} // namespace procvisor::cli
