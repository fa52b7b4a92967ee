#include "cli/screen/log_browser.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/screen/plain_text.hpp"

namespace procvisor::cli {

log_browser::log_browser(const std::string& path, log_stream stream, size_t lines)
  : files_(path), path_(path), stream_(stream), top_(files_.back(files_.end(), lines)) {
}

bool log_browser::scroll(int lines, int height) {
  if (lines <= 0) {
    top_ = files_.back(top_, static_cast<size_t>(-lines));
    return true;
  }
  const auto passed = files_.lines_from(top_, static_cast<size_t>(lines));
  if (!passed.empty())
    top_ = passed.back().end;
  return files_.lines_from(top_, static_cast<size_t>(height)).size() == static_cast<size_t>(height);
}

void log_browser::begin_search(std::string wanted, bool is_older, int height) {
  search_ = {std::move(wanted), false, is_older};
  search_.folds = !is_exact(search_.wanted);
  if (match_ && is_older) {
    search_.at = *match_;
  } else {
    const auto shown = files_.lines_from(match_.value_or(top_), match_ ? 1 : static_cast<size_t>(height));
    search_.at = !match_ && !is_older ? top_ : shown.empty() ? top_ : shown.back().end;
  }
  search_.begun_at = search_.at;
}

std::optional<bool> log_browser::search_on(int height) {
  const auto found = search_.is_older ? files_.find_before(search_.at, search_.wanted, search_.folds)
                                      : files_.find_from(search_.at, search_.wanted, search_.folds);
  if (found.line) {
    match_ = *found.line;
    top_ = files_.back(*match_, static_cast<size_t>(height / 2));
    return true;
  }
  search_.at = found.reached;
  const bool is_over = search_.is_older ? search_.at <= 0 : search_.at >= files_.end();
  return is_over ? std::optional{false} : std::nullopt;
}

int log_browser::searched_percent() const {
  const auto all = search_.is_older ? search_.begun_at : files_.end() - search_.begun_at;
  const auto done = search_.is_older ? search_.begun_at - search_.at : search_.at - search_.begun_at;
  return all > 0 ? static_cast<int>(100.0 * static_cast<double>(done) / static_cast<double>(all)) : 100;
}

history_page log_browser::page(int height) const {
  history_page made{.stream = stream_, .path = path_, .is_start = top_ == 0};
  const auto lines = files_.lines_from(top_, static_cast<size_t>(std::max(height, 0)));
  for (const auto& line : lines) {
    if (match_ == line.begin)
      made.match = made.lines.size();
    made.lines.push_back(plain_text(line.text));
  }
  const auto end = files_.end();
  if (end > 0 && !lines.empty())
    made.percent = static_cast<int>(100.0 * static_cast<double>(lines.back().end) / static_cast<double>(end));
  if (!files_.left_out().empty())
    made.note = fmt::format("older lines are compressed: zless {}", files_.left_out());
  return made;
}

} // namespace procvisor::cli
