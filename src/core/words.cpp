#include "core/words.hpp"

#include <algorithm>

namespace procvisor {

namespace {

constexpr std::string_view white_space = " \t\n\v\f\r";

bool is_quote(char c) {
  return c == '\'' || c == '"';
}

/// The items of `['a b', "c", 1]`: quoted words and numbers. nullopt: anything else, such as the pattern `[a-z]`.
std::optional<std::vector<std::string>> list_form(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']')
    return std::nullopt;
  std::vector<std::string> items;
  auto rest = trimmed(text.substr(1, text.size() - 2));
  while (!rest.empty()) {
    if (!items.empty()) {
      if (rest.front() != ',')
        return std::nullopt;
      rest = trimmed(rest.substr(1));
      if (rest.empty())
        return std::nullopt;
    }
    size_t length = 0;
    if (is_quote(rest.front())) {
      const auto end = rest.find(rest.front(), 1);
      if (end == std::string_view::npos)
        return std::nullopt;
      items.emplace_back(trimmed(rest.substr(1, end - 1)));
      length = end + 1;
    } else {
      length = std::min(rest.find_first_not_of("0123456789.-"), rest.size());
      if (length == 0)
        return std::nullopt;
      items.emplace_back(rest.substr(0, length));
    }
    rest = trimmed(rest.substr(length));
  }
  return items;
}

} // namespace

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(white_space);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

std::optional<std::vector<std::string>> split_words(std::string_view text) {
  text = trimmed(text);
  if (auto items = list_form(text))
    return items;
  std::vector<std::string> words;
  bool in_word = false; // '' is a word, though an empty one
  char quote = 0;
  for (const char c : text) {
    if (quote == 0 && white_space.find(c) != std::string_view::npos) {
      in_word = false;
      continue;
    }
    if (!in_word) {
      words.emplace_back();
      in_word = true;
    }
    if (c == quote)
      quote = 0;
    else if (quote == 0 && is_quote(c))
      quote = c;
    else
      words.back() += c;
  }
  if (quote != 0)
    return std::nullopt;
  return words;
}

} // namespace procvisor
