#include "config/json_reader.hpp"

#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "config/problems.hpp"
#include "core/text.hpp"

namespace procvisor::config {

namespace {

constexpr std::string_view no_expressions =
    "expressions are not evaluated here: write the value, or use a .config.js file";

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || static_cast<uint8_t>(c) >= 0x80;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_part(char c) {
  return is_name_start(c) || is_digit(c);
}

int hex_digit(char c) {
  if (is_digit(c))
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

void append_utf8(std::string& out, uint32_t c) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

/// Recursive descent; the first problem ends it: every read_ function gives false once there is one.
class reader {
public:
  reader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  result<document> read() {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text_.starts_with(byte_order_mark))
      next_ += byte_order_mark.size();
    document doc;
    if (!skip_space())
      return fail(std::move(*problem_));
    if (at_end())
      return fail(problem_at(file_, {}, "is empty", "an ecosystem file has a list of apps"));
    if (!read_value(doc.root, doc.where, 0) || !skip_space())
      return fail(std::move(*problem_));
    if (!at_end()) {
      stop(unexpected_after_value());
      return fail(std::move(*problem_));
    }
    return doc;
  }

private:
  bool at_end() const { return next_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[next_]; }
  bool follows(std::string_view word) const { return text_.substr(next_).starts_with(word); }

  void advance() {
    const char c = text_[next_++];
    if (c == '\n') {
      ++here_.line;
      here_.column = 1;
    } else if ((static_cast<uint8_t>(c) & 0xC0) != 0x80) { // the first byte of a character
      ++here_.column;
    }
  }

  void advance(size_t bytes) {
    for (; bytes > 0; --bytes)
      advance();
  }

  bool stop_at(text_position at, std::string_view text) {
    problem_ = problem_at(file_, at, text);
    return false;
  }
  bool stop(std::string_view text) { return stop_at(here_, text); }

  std::string unexpected() const {
    if (at_end())
      return "the file ends too early";
    const auto rest = text_.substr(next_);
    size_t length = 1;
    while (length < rest.size() && (static_cast<uint8_t>(rest[length]) & 0xC0) == 0x80)
      ++length;
    return fmt::format("unexpected {}", in_quotes(rest.substr(0, length)));
  }

  /// What `1 + 2`, `"a" + b` and `process.env.HOME` look like when their first word was read as a value.
  std::string unexpected_after_value() const {
    constexpr std::string_view operators = "+-*/%.([?|&<>=!`";
    if (!at_end() && (operators.find(peek()) != std::string_view::npos))
      return std::string(no_expressions);
    return unexpected();
  }

  /// White space and comments.
  bool skip_space() {
    while (!at_end()) {
      constexpr std::string_view no_break_space = "\xC2\xA0";
      if (const char c = peek(); c == ' ' || (c >= '\t' && c <= '\r')) {
        advance();
      } else if (follows(no_break_space)) {
        advance(no_break_space.size());
      } else if (follows("//")) {
        while (!at_end() && peek() != '\n')
          advance();
      } else if (follows("/*")) {
        const auto start = here_;
        const auto end = text_.find("*/", next_ + 2);
        if (end == std::string_view::npos)
          return stop_at(start, "this comment does not end");
        advance(end + 2 - next_);
      } else {
        break;
      }
    }
    return true;
  }

  bool read_value(json_value& value, source_map& where, int depth) {
    where.value = here_;
    const char c = peek();
    if (c == '{')
      return read_object(value, where, depth);
    if (c == '[')
      return read_list(value, where, depth);
    if (c == '"' || c == '\'') {
      value = std::string{};
      return read_string(value.get_ref<std::string&>());
    }
    if (is_digit(c) || c == '-' || c == '+' || c == '.')
      return read_number(value);
    if (c == '`' || c == '(' || c == '!')
      return stop(no_expressions);
    if (is_name_start(c))
      return read_word(value);
    return stop(unexpected());
  }

  bool read_word(json_value& value) {
    const auto start = here_;
    const auto word = read_name();
    if (word == "true" || word == "false")
      value = word == "true";
    else if (word == "null" || word == "undefined")
      value = nullptr;
    else
      return stop_at(start, fmt::format("unexpected {}: a text needs quotes, and {}", in_quotes(word), no_expressions));
    return true;
  }

  std::string_view read_name() {
    const auto start = next_;
    while (!at_end() && is_name_part(peek()))
      advance();
    return text_.substr(start, next_ - start);
  }

  bool read_number(json_value& value) {
    const auto start = here_;
    bool negative = false;
    if (peek() == '-' || peek() == '+') {
      negative = peek() == '-';
      advance();
    }
    const auto rest = text_.substr(next_);
    if (rest.starts_with("0x") || rest.starts_with("0X")) {
      uint32_t number = 0;
      const auto [end, failure] = std::from_chars(rest.data() + 2, rest.data() + rest.size(), number, 16);
      if (failure != std::errc{})
        return stop_at(start, "this is not a number that fits");
      advance(static_cast<size_t>(end - rest.data()));
      value = negative ? -static_cast<int64_t>(number) : static_cast<int64_t>(number);
    } else {
      double number = 0;
      const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
      if (failure != std::errc{} || !(is_digit(rest.front()) || rest.front() == '.'))
        return stop_at(start, failure == std::errc::result_out_of_range ? "this number is too large" : no_expressions);
      size_t length = static_cast<size_t>(end - rest.data());
      int64_t whole = 0;
      const auto [whole_end, whole_failure] = std::from_chars(rest.data(), end, whole);
      if (whole_failure == std::errc{} && whole_end == end)
        value = negative ? -whole : whole;
      else
        value = negative ? -number : number;
      if (length < rest.size() && rest[length] == '.' && rest.substr(0, length).find('.') == std::string_view::npos)
        ++length; // `5.` is a number in JavaScript
      advance(length);
    }
    if (!at_end() && is_name_part(peek()))
      return stop_at(start, "a number with letters needs quotes");
    return true;
  }

  bool read_string(std::string& out) {
    const auto start = here_;
    const char quote = peek();
    advance();
    while (!at_end() && peek() != quote) {
      if (peek() == '\n')
        return stop_at(start, "this text does not end on its line");
      if (peek() == '\\') {
        if (!read_escape(out))
          return false;
        continue;
      }
      out += peek();
      advance();
    }
    if (at_end())
      return stop_at(start, "this text does not end");
    advance();
    if (!is_utf8(out))
      return stop_at(start, "this text is not UTF-8");
    return true;
  }

  bool read_escape(std::string& out) {
    const auto start = here_;
    advance();
    if (at_end())
      return stop_at(start, "this text does not end");
    const char c = peek();
    advance();
    switch (c) {
      case 'n':
        out += '\n';
        return true;
      case 't':
        out += '\t';
        return true;
      case 'r':
        out += '\r';
        return true;
      case 'b':
        out += '\b';
        return true;
      case 'f':
        out += '\f';
        return true;
      case 'v':
        out += '\v';
        return true;
      case '0':
        out += '\0';
        return true;
      case '\r': // a line that goes on
        if (peek() == '\n')
          advance();
        return true;
      case '\n':
        return true;
      case 'x':
        return read_code(out, start, 2);
      case 'u':
        return read_unicode(out, start);
      default: // any other character stands for itself
        out += c;
        return true;
    }
  }

  std::optional<uint32_t> read_hex(size_t digits) {
    uint32_t code = 0;
    for (; digits > 0; --digits) {
      const int digit = hex_digit(peek());
      if (at_end() || digit < 0)
        return std::nullopt;
      code = code * 16 + static_cast<uint32_t>(digit);
      advance();
    }
    return code;
  }

  bool read_code(std::string& out, text_position start, size_t digits) {
    const auto code = read_hex(digits);
    if (!code)
      return stop_at(start, "this escape needs more hexadecimal digits");
    append_utf8(out, *code);
    return true;
  }

  /// \u0041, \u{1F600}, and a pair of surrogates for one character.
  bool read_unicode(std::string& out, text_position start) {
    constexpr std::string_view not_a_character = "this escape is not a character";
    uint32_t code = 0;
    if (peek() == '{') {
      advance();
      size_t digits = 0;
      for (; hex_digit(peek()) >= 0 && digits < 6; ++digits) {
        code = code * 16 + static_cast<uint32_t>(hex_digit(peek()));
        advance();
      }
      if (digits == 0 || peek() != '}')
        return stop_at(start, not_a_character);
      advance();
    } else {
      const auto first = read_hex(4);
      if (!first)
        return stop_at(start, not_a_character);
      code = *first;
      if (code >= 0xD800 && code < 0xDC00) {
        if (!follows("\\u"))
          return stop_at(start, not_a_character);
        advance(2);
        const auto second = read_hex(4);
        if (!second || *second < 0xDC00 || *second > 0xDFFF)
          return stop_at(start, not_a_character);
        code = 0x10000 + ((code - 0xD800) << 10) + (*second - 0xDC00);
      }
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
      return stop_at(start, not_a_character);
    append_utf8(out, code);
    return true;
  }

  /// The comma between two parts, or the end of the list or object.
  bool read_separator(char closing) {
    if (!skip_space())
      return false;
    if (peek() == ',') {
      advance();
      return skip_space();
    }
    return peek() == closing || stop(unexpected_after_value());
  }

  bool read_list(json_value& value, source_map& where, int depth) {
    if (depth == max_depth)
      return stop("this is nested too deeply");
    value = json_value::array();
    advance();
    if (!skip_space())
      return false;
    while (peek() != ']') {
      auto& item = value.get_ref<json_value::array_t&>().emplace_back();
      if (!read_value(item, where.parts.emplace_back(), depth + 1) || !read_separator(']'))
        return false;
    }
    advance();
    return true;
  }

  bool read_object(json_value& value, source_map& where, int depth) {
    if (depth == max_depth)
      return stop("this is nested too deeply");
    value = json_value::object();
    auto& members = value.get_ref<json_value::object_t&>();
    std::unordered_set<std::string> names;
    advance();
    if (!skip_space())
      return false;
    while (peek() != '}') {
      auto& part = where.parts.emplace_back();
      part.key = here_;
      std::string name;
      if (!read_key(name))
        return false;
      if (!names.insert(name).second)
        return stop_at(part.key, fmt::format("{} is given twice", in_quotes(name)));
      if (!skip_space())
        return false;
      if (peek() != ':')
        return stop(at_end() ? unexpected() : fmt::format("expected ':' after {}", in_quotes(name)));
      advance();
      // The base class's emplace_back: ordered_map::emplace looks for the name among all members before it.
      auto& member = static_cast<json_value::object_t::Container&>(members).emplace_back(std::move(name), nullptr);
      if (!skip_space() || !read_value(member.second, part, depth + 1) || !read_separator('}'))
        return false;
    }
    advance();
    return true;
  }

  bool read_key(std::string& name) {
    const char c = peek();
    if (c == '"' || c == '\'')
      return read_string(name);
    if (!is_name_part(c))
      return stop(c == '[' || c == '.' || c == '`' ? std::string(no_expressions) : unexpected());
    const auto start = here_;
    name = read_name();
    return is_utf8(name) || stop_at(start, "this name is not UTF-8");
  }

  std::string_view text_;
  std::string_view file_;
  size_t next_ = 0;
  text_position here_{1, 1};
  std::optional<error> problem_;
};

} // namespace

result<document> read_json(std::string_view text, std::string_view file) {
  return reader(text, file).read();
}

} // namespace procvisor::config
