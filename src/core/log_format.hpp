#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace procvisor {

/// What a line of a log file is: the bytes as they came, or a JSON object.
enum class log_kind : uint8_t { raw, json };

std::string_view to_string(log_kind kind) noexcept;
std::optional<log_kind> log_kind_of(std::string_view word);

/// How the lines of a process look in its log files.
struct log_style {
  log_kind kind = log_kind::raw;
  std::string date_format = {}; ///< core/date_format; empty: no date (raw), or ISO 8601 in UTC (json)
  bool whole_lines = false;     ///< several streams write to one file

  bool operator==(const log_style&) const = default;
  /// The bytes of the stream are those of the file.
  bool passes_through() const noexcept { return kind == log_kind::raw && date_format.empty() && !whole_lines; }
};

/// What stands in front of (raw) or within (json) each line that comes at one moment.
std::string line_stamp(const log_style& style, std::string_view date);

/// Makes the lines of a log file out of the bytes of one stream, however these were cut: what a line has so far is held
/// until its newline comes.
///
///     raw    line
///     dated  2026-11-22T14:18:00: line
///     json   {"message":"line","timestamp":"...","type":"out","process_id":0,"app_name":"web"}
///
/// A line of more than max_line_bytes becomes several. Where bytes are added anyway they are marked, all but the last
/// one, with " [cut]" or "cut":true.
class log_formatter {
public:
  static constexpr size_t max_line_bytes = 64 * 1024;
  static constexpr size_t block_bytes = 128 * 1024;

  /// `stream`: "out" or "err".
  log_formatter(const log_style& style, std::string_view stream, uint32_t process_id, std::string_view app_name);

  /// Appends lines to `out` until it holds a block. Returns how many of the bytes were taken; the rest is to be fed
  /// again.
  size_t feed(std::string_view bytes, std::string_view stamp, std::string& out);
  /// The stream is over, or nobody can wait for its newline any more: appends what is held.
  void finish(std::string& out);

private:
  enum class form : uint8_t { whole_lines, dated, json };

  void feed_whole_lines(std::string_view bytes, std::string& out);
  void release_held(std::string& out);
  void put_line(std::string_view line, std::string_view stamp, bool is_cut, std::string& out) const;

  form form_;
  std::string held_;
  std::string held_stamp_; ///< of the moment when the held line began
  std::string json_tail_;
};

} // namespace procvisor
