#include "cli/screen/log_pane.hpp"

#include <algorithm>
#include <utility>

#include "cli/screen/plain_text.hpp"

namespace procvisor::cli {

std::string_view to_string(stream_choice choice) {
  switch (choice) {
    case stream_choice::both:
      return "out+err";
    case stream_choice::out:
      return "out";
    case stream_choice::err:
      return "err";
  }
  return "";
}

void log_pane::clear() {
  lines_.clear();
  dropped_ = 0;
  bytes_ = 0;
  back_ = 0;
  column_ = 0;
  is_paused_ = false;
  match_.reset();
  history_.reset();
  searched.reset();
  trouble.clear();
}

bool log_pane::is_shown(const pane_line& line) const noexcept {
  switch (choice_) {
    case stream_choice::both:
      return true;
    case stream_choice::out:
      return line.stream != log_stream::err && !line.is_heading;
    case stream_choice::err:
      return line.stream != log_stream::out && !line.is_heading;
  }
  return true;
}

int log_pane::shown_count() const {
  return static_cast<int>(std::ranges::count_if(lines_, [this](const pane_line& line) { return is_shown(line); }));
}

const pane_line* log_pane::line_at(uint64_t number) const noexcept {
  return number < dropped_ || number - dropped_ >= lines_.size() ? nullptr : &lines_[number - dropped_];
}

void log_pane::add(pane_line line) {
  bytes_ += line.text.size();
  if ((back_ > 0 || is_paused_) && is_shown(line))
    back_ = std::min(back_ + 1, static_cast<int>(most_lines)); // the page stays where it is
  lines_.push_back(std::move(line));
  while (lines_.size() > most_lines || (bytes_ > most_bytes && lines_.size() > 1)) {
    bytes_ -= lines_.front().text.size();
    lines_.pop_front();
    ++dropped_;
  }
}

std::vector<const pane_line*> log_pane::page(int height) const {
  std::vector<const pane_line*> shown;
  int below = std::min(back_, std::max(0, shown_count() - height));
  for (auto line = lines_.rbegin(); line != lines_.rend() && static_cast<int>(shown.size()) < height; ++line)
    if (is_shown(*line) && below-- <= 0)
      shown.push_back(&*line);
  std::ranges::reverse(shown);
  return shown;
}

std::optional<history_request> log_pane::scroll(int lines, int height) {
  if (history_)
    return scroll_history{lines};
  const int most = std::max(0, shown_count() - height);
  back_ = std::min(back_, most);
  if (lines < 0 && back_ - lines > most) {
    const int further = back_ - lines - most;
    back_ = most;
    is_paused_ = is_paused_ || most == 0;
    return scroll_history{-further};
  }
  back_ = std::max(0, back_ - lines);
  is_paused_ = false; // further up `back_` says so, and at the end it follows
  return std::nullopt;
}

std::optional<history_request> log_pane::to_start(int height) {
  back_ = std::max(0, shown_count() - height);
  return seek_history{};
}

std::optional<history_request> log_pane::to_end() {
  back_ = 0;
  is_paused_ = false;
  match_.reset();
  return leave_history{};
}

std::optional<history_request> log_pane::choose(stream_choice wanted_stream) {
  choice_ = wanted_stream;
  return to_end();
}

std::optional<history_request> log_pane::search(bool is_older, int height) {
  if (wanted_.empty())
    return std::nullopt;
  if (history_)
    return search_history{is_older};
  std::vector<uint64_t> shown; // numbers of lines
  for (uint64_t i = 0; i < lines_.size(); ++i)
    if (is_shown(lines_[i]))
      shown.push_back(dropped_ + i);
  const auto count = static_cast<int>(shown.size());
  int at = count - back_; // the one below the page
  if (match_)
    at = static_cast<int>(std::ranges::lower_bound(shown, *match_) - shown.begin());
  else if (!is_older)
    at = count - back_ - height;
  for (at += is_older ? -1 : 1; at >= 0 && at < count; at += is_older ? -1 : 1) {
    const auto number = shown[static_cast<size_t>(at)];
    if (occurrences(line_at(number)->text, wanted_).empty())
      continue;
    match_ = number;
    const int top = count - back_ - height;
    if (at < top || at >= count - back_)
      back_ = std::clamp(count - at - (height + 1) / 2, 0, std::max(0, count - height));
    is_paused_ = back_ == 0; // what has been found does not run away
    return std::nullopt;
  }
  return search_history{is_older};
}

void log_pane::look_for(std::string text) {
  wanted_ = std::move(text);
  match_.reset();
}

size_t log_pane::count_of(log_stream stream) const {
  return static_cast<size_t>(std::ranges::count_if(
      lines_, [stream](const pane_line& line) { return line.stream == stream && !line.is_heading; }));
}

} // namespace procvisor::cli
