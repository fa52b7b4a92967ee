#include "core/suggest.hpp"

#include <algorithm>
#include <cstddef>

namespace procvisor {

namespace {

constexpr size_t most_suggestions = 4;

/// A longer word is no misspelt key, and the distance costs the product of the lengths.
constexpr size_t longest_word = 64;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Optimal string alignment distance: Levenshtein's, and a swap of neighbours counts one.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> previous(b.size() + 1);
  std::vector<size_t> current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        current[j] = std::min(current[j], before[j - 2] + 1);
    }
    before.swap(previous);
    previous.swap(current);
  }
  return previous[b.size()];
}

} // namespace

std::vector<std::string_view> near_words(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > longest_word)
    return {};
  size_t nearest = std::max<size_t>(1, word.size() / 3);
  std::vector<std::string_view> near;
  for (const auto candidate : candidates) {
    const auto difference = candidate.size() > word.size() ? candidate.size() - word.size() //
                                                           : word.size() - candidate.size();
    if (difference > nearest)
      continue;
    const auto steps = distance(word, candidate);
    if (steps > nearest || steps >= candidate.size())
      continue;
    if (steps < nearest)
      near.clear();
    nearest = steps;
    near.push_back(candidate);
  }
  if (near.size() > most_suggestions)
    near.resize(most_suggestions);
  return near;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const auto near = near_words(word, candidates);
  std::string text;
  for (size_t i = 0; i < near.size(); ++i) {
    text += i == 0 ? "did you mean " : i + 1 == near.size() ? " or " : ", ";
    text.append("'").append(near[i]).append("'");
  }
  return text.empty() ? text : text + "?";
}

} // namespace procvisor
