#include "core/log_rotation.hpp"

#include <algorithm>

namespace procvisor {

std::string_view to_string(rotate_interval interval) noexcept {
  switch (interval) {
    case rotate_interval::never:
      return "";
    case rotate_interval::hour:
      return "1h";
    case rotate_interval::day:
      return "1d";
  }
  return "";
}

std::optional<rotate_interval> rotate_interval_of(std::string_view word) {
  for (const auto interval : {rotate_interval::hour, rotate_interval::day})
    if (word == to_string(interval))
      return interval;
  return std::nullopt;
}

log_piece next_piece(std::string_view text, uint64_t file_size, bool at_line_start, uint64_t max_size, bool is_due) {
  if (file_size == 0)
    is_due = false;
  const bool fits = max_size == 0 || file_size + text.size() <= max_size;
  if (fits && !is_due)
    return {text.size(), false};
  if (at_line_start && file_size > 0 && is_due)
    return {0, true};
  const uint64_t room = is_due || max_size <= file_size ? 0 : max_size - file_size;
  // Of a piece that ends where the text does, the next call puts the file aside.
  const auto up_to = [&](size_t newline) { return log_piece{newline + 1, newline + 1 < text.size()}; };
  if (const auto last = room == 0 ? std::string_view::npos : text.rfind('\n', static_cast<size_t>(room) - 1);
      last != std::string_view::npos)
    return up_to(last);
  if (at_line_start && file_size > 0)
    return {0, true};
  const auto first = text.find('\n');
  const uint64_t most = 2 * max_size;
  const auto line = first == std::string_view::npos ? text.size() : first + 1;
  if (max_size > 0 && file_size + line > most)
    return {file_size >= most ? 0 : static_cast<size_t>(most - file_size), true};
  return first == std::string_view::npos ? log_piece{text.size(), false} : up_to(first);
}

int64_t period_of(rotate_interval interval, const calendar_time& time) {
  const int64_t day = int64_t{time.year} * 366 + time.day_of_year;
  switch (interval) {
    case rotate_interval::never:
      return 0;
    case rotate_interval::hour:
      return day * 24 + time.hour;
    case rotate_interval::day:
      return day;
  }
  return 0;
}

} // namespace procvisor
