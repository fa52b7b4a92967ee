#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace procvisor {

/// A moment as the wall clocks of one zone show it.
struct calendar_time {
  int year = 1970;
  int month = 1; ///< 1 to 12
  int day = 1;   ///< 1 to 31
  int hour = 0;
  int minute = 0;
  int second = 0;
  int nanosecond = 0;
  int weekday = 4; ///< 0: Sunday
  int day_of_year = 1;
  int utc_offset_minutes = 0; ///< east of Greenwich: positive
  int64_t unix_seconds = 0;
};

/// A date as `log_date_format` writes it, in the words of day.js and moment.js:
///
///     YYYY YY  year            DDDD DDD  day of the year    HH H  hour 0-23     S .. SSSSSSSSS  fraction
///     MMMM MMM month's name    dddd ddd dd  weekday's name  hh h  hour 1-12     Z  +01:00    ZZ  +0100
///     MM M  month   Q quarter  d  weekday, 0: Sunday        kk k  hour 1-24     X  seconds since 1970
///     DD D Do  day of month    A a  AM, am                  mm m ss s           x  milliseconds since 1970
///
/// `[text]` stands for itself, and so does what is no token.
class date_format {
public:
  date_format() = default;
  explicit date_format(std::string_view pattern);

  bool empty() const noexcept { return pieces_.empty(); }
  /// Its text may change from one moment to the next within a second.
  bool shows_fractions() const noexcept { return shows_fractions_; }
  void append_to(std::string& text, const calendar_time& at) const;

private:
  using writer = void (*)(std::string& text, const calendar_time& at);
  struct piece {
    writer write = nullptr; ///< nullptr: a literal or a fraction
    int fraction_digits = 0;
    std::string literal = {};
  };
  void add_literal(std::string_view text);
  /// Returns how much of `rest` it took.
  size_t add_next(std::string_view rest);

  std::vector<piece> pieces_;
  bool shows_fractions_ = false;
};

} // namespace procvisor
