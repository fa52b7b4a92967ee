#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/date_format.hpp"
#include "core/process.hpp"

namespace procvisor {

enum class rotate_interval : uint8_t { never, hour, day };

std::string_view to_string(rotate_interval interval) noexcept; ///< "1h", "1d"; empty: never
std::optional<rotate_interval> rotate_interval_of(std::string_view word);

/// When a log file is put aside, and what becomes of those that were.
struct log_limits {
  uint64_t max_size = uint64_t{100} << 20; ///< bytes; 0: no limit
  uint64_t max_total = 0;                  ///< bytes of those that were put aside; 0: no limit
  int keep = 10;                           ///< so many of these
  rotate_interval interval = rotate_interval::never;
  bool compress = false; ///< all of these but the newest

  bool operator==(const log_limits&) const = default;
};

/// What is next written of a text: so many bytes, and then the file is put aside, or not yet.
struct log_piece {
  size_t bytes = 0;
  bool then_rotate = false;

  bool operator==(const log_piece&) const = default;
};

/// Whole lines that fit. A line that is longer than a file goes on in its file to its end, but not beyond twice the size.
/// `is_due`: the file is put aside at the next beginning of a line, whatever fits. An empty file never is.
log_piece next_piece(std::string_view text, uint64_t file_size, bool at_line_start, uint64_t max_size, bool is_due);

/// Of the hour or day in which `time` lies, by its own clock: two times of one file with different numbers have the end of
/// an hour, or midnight, between them. 0: never.
int64_t period_of(rotate_interval interval, const calendar_time& time);

} // namespace procvisor
