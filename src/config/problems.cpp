#include "config/problems.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace procvisor::config {

namespace {

/// A generated file can have a problem in each of its thousand apps; nobody reads further than this.
constexpr size_t most_lines = 50;

} // namespace

std::string place(std::string_view file, text_position at) {
  if (file.empty())
    return {};
  return at.line == 0 ? fmt::format("{}: ", file) : fmt::format("{}:{}:{}: ", file, at.line, at.column);
}

error problem_at(std::string_view file, text_position at, std::string_view text, std::string hint) {
  return {exit_code::usage, place(file, at).append(text), std::move(hint)};
}

void problem_list::add(text_position at, std::string_view text) {
  const bool needs_label = at.line == 0 && !file_.empty() && !app_.empty();
  lines_.push_back({at, needs_label ? fmt::format("{}: {}", app_, text) : std::string(text)});
}

error problem_list::to_error() && {
  std::stable_sort(lines_.begin(), lines_.end(), [](const line& a, const line& b) { return a.at < b.at; });
  const auto same = [](const line& a, const line& b) { return a.at == b.at && a.text == b.text; };
  lines_.erase(std::unique(lines_.begin(), lines_.end(), same), lines_.end());
  std::string what;
  for (size_t i = 0; i < std::min(lines_.size(), most_lines); ++i) {
    if (i > 0)
      what += '\n';
    what += place(file_, lines_[i].at) + lines_[i].text;
  }
  if (lines_.size() > most_lines)
    what += fmt::format("\n{}and {} more problems", place(file_, {}), lines_.size() - most_lines);
  return {exit_code::usage, std::move(what)};
}

} // namespace procvisor::config
