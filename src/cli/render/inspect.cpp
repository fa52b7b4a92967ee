#include "cli/render/inspect.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace procvisor::cli {

namespace {

using nlohmann::json;

// The numbers are those of Node's lib/internal/util/inspect.js, as its results show them.
constexpr size_t line_width = 80;
constexpr size_t reserved = 10;      ///< of a line, for what may stand in front of a value
constexpr size_t levels_on_line = 3; ///< so deep an object may be and still stand on one line
constexpr size_t longest_unsplit = 16;
constexpr size_t most_ungrouped = 6; ///< a list of more entries is set in columns
constexpr size_t most_columns = 12;
constexpr double height_of_character = 2.5;

/// In UTF-16 units, as JavaScript counts.
size_t length_of(std::string_view text) {
  size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xC0U) == 0x80 ? 0 : byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

char quote_for(std::string_view text) {
  const auto has = [text](std::string_view part) { return text.find(part) != std::string_view::npos; };
  if (!has("'"))
    return '\'';
  if (!has("\""))
    return '"';
  return has("`") || has("${") ? '\'' : '`';
}

std::string js_string(std::string_view text) {
  const char quote = quote_for(text);
  std::string out{quote};
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (text[i] == quote || text[i] == '\\')
      (out += '\\') += text[i];
    else if (text[i] == '\n')
      out += "\\n";
    else if (text[i] == '\t')
      out += "\\t";
    else if (text[i] == '\r')
      out += "\\r";
    else if (text[i] == '\b')
      out += "\\b";
    else if (text[i] == '\f')
      out += "\\f";
    else if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\x{:02X}", byte);
    else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) // C1
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[++i]));
    else
      out += text[i];
  }
  return out + quote;
}

bool is_identifier(std::string_view key) {
  const auto may_start = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !key.empty() && may_start(key[0])
         && std::ranges::all_of(key, [&](char c) { return may_start(c) || (c >= '0' && c <= '9'); });
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts)
    text.append(text.empty() ? "" : separator).append(part);
  return text;
}

class inspector {
public:
  std::string format(const json& value) {
    if (value.is_string())
      return format_text(value.get_ref<const std::string&>());
    if (!value.is_structured())
      return value.is_number_float() ? fmt::format("{}", value.get<double>()) : value.dump();
    if (value.empty())
      return value.is_array() ? "[]" : "{}";
    const size_t level = ++level_;
    deepest_ = level;
    indentation_ += 2;
    std::vector<std::string> entries;
    for (const auto& [key, item] : value.items())
      entries.push_back(value.is_array() ? format(item) : name_of(key) + ": " + format(item));
    indentation_ -= 2;
    --level_;
    return laid_out(value, std::move(entries), level);
  }

private:
  static std::string name_of(const std::string& key) {
    if (key == "__proto__")
      return "['__proto__']";
    return is_identifier(key) ? key : js_string(key);
  }

  /// A long text of several lines is split at their ends.
  std::string format_text(std::string_view text) const {
    const size_t length = length_of(text);
    if (length <= longest_unsplit || length + indentation_ + 4 <= line_width)
      return js_string(text);
    std::vector<std::string> lines;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
      lines.push_back(js_string(text.substr(0, end)));
      text.remove_prefix(end);
    }
    return joined(lines, " +\n" + std::string(indentation_ + 2, ' '));
  }

  std::string laid_out(const json& value, std::vector<std::string> entries, size_t level) const {
    const char* open = value.is_array() ? "[" : "{";
    const char* close = value.is_array() ? "]" : "}";
    const size_t count = entries.size();
    if (value.is_array() && count > most_ungrouped)
      entries = in_columns(std::move(entries), value);
    if (deepest_ - level < levels_on_line && entries.size() == count && fits(entries)) {
      std::string line = joined(entries, ", ");
      if (line.find('\n') == std::string::npos)
        return fmt::format("{} {} {}", open, line, close);
    }
    const std::string margin = "\n" + std::string(indentation_, ' ');
    return open + margin + "  " + joined(entries, "," + margin + "  ") + margin + close;
  }

  bool fits(const std::vector<std::string>& entries) const {
    size_t total = 2 * entries.size() + indentation_ + 1 + reserved; // 1: the bracket
    for (const std::string& entry : entries)
      total += length_of(entry);
    return total <= line_width;
  }

  std::vector<std::string> in_columns(std::vector<std::string> entries, const json& value) const {
    constexpr size_t separator = 2;
    size_t total = 0;
    size_t longest = 0;
    for (const std::string& entry : entries) {
      total += length_of(entry) + separator;
      longest = std::max(longest, length_of(entry));
    }
    const size_t width = longest + separator;
    const bool differs_much = static_cast<double>(total) / static_cast<double>(width) <= 5 && longest > 6;
    if (width * 3 + indentation_ >= line_width || differs_much)
      return entries;
    const auto count = static_cast<double>(entries.size());
    const double bias = std::sqrt(static_cast<double>(width) - static_cast<double>(total) / count);
    const double biased = std::max(static_cast<double>(width) - 3 - bias, 1.0);
    const auto square = static_cast<size_t>(std::floor(std::sqrt(height_of_character * biased * count) / biased + 0.5));
    const size_t columns = std::min({square, (line_width - indentation_) / width, most_columns});
    if (columns <= 1)
      return entries;
    return rows_of(entries, columns, std::ranges::all_of(value, [](const json& v) { return v.is_number(); }));
  }

  static std::vector<std::string> rows_of(const std::vector<std::string>& entries, size_t columns, bool to_the_right) {
    std::vector<size_t> widths(columns);
    for (size_t i = 0; i < entries.size(); ++i)
      widths[i % columns] = std::max(widths[i % columns], length_of(entries[i]));
    std::vector<std::string> rows;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i % columns == 0)
        rows.emplace_back();
      std::string& row = rows.back();
      const bool is_last = i % columns == columns - 1 || i + 1 == entries.size();
      const std::string filling(widths[i % columns] - length_of(entries[i]), ' ');
      row += (to_the_right ? filling : "") + entries[i] + (is_last ? "" : ", ");
      if (!to_the_right && !is_last)
        row += filling;
    }
    return rows;
  }

  size_t indentation_ = 0;
  size_t level_ = 0;
  size_t deepest_ = 0; ///< the level of the object that was formatted last
};

} // namespace

std::string inspected(const json& value) {
  return inspector{}.format(value);
}

} // namespace procvisor::cli
