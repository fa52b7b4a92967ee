#include "core/cron.hpp"

#include <algorithm>
#include <bit>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/units.hpp"

namespace procvisor {

namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::year_month_day;

constexpr std::array month_names{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array weekday_names{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};
constexpr int last_of_month = 6; ///< the bit of nth_weekdays

struct field {
  std::string_view name;
  int lowest;
  int highest;
  std::span<const char* const> words = {}; ///< for lowest, lowest + 1 ...
};
constexpr field second_field{"second", 0, 59};
constexpr field minute_field{"minute", 0, 59};
constexpr field hour_field{"hour", 0, 23};
constexpr field day_field{"day", 1, 31};
constexpr field month_field{"month", 1, 12, month_names};
constexpr field weekday_field{"weekday", 0, 7, weekday_names};

constexpr std::pair<std::string_view, std::string_view> nicknames[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"},
};

tl::unexpected<error> wrong(const field& of, std::string what) {
  return fail(exit_code::usage, fmt::format("{}: {}", of.name, what),
              "five fields: minute hour day month weekday; with six the first is the second");
}

/// The pieces between any of these characters, empty ones too.
std::vector<std::string_view> split(std::string_view text, std::string_view at) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const auto end = text.find_first_of(at);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return pieces;
    text.remove_prefix(end + 1);
  }
}

std::string upper(std::string_view text) {
  std::string all{text};
  std::ranges::transform(all, all.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return all;
}

result<int> parse_value(const field& of, std::string_view text) {
  const auto word = std::ranges::find(of.words, upper(text), [](const char* name) { return std::string{name}; });
  if (word != of.words.end())
    return of.lowest + static_cast<int>(word - of.words.begin());
  const auto number = parse_integer(text);
  if (!number || text.front() == '+' || text.front() == '-')
    return wrong(of, fmt::format("'{}' is neither a number{}", text,
                                 of.words.empty()
                                     ? " nor *"
                                     : fmt::format(" nor one of {} to {}", of.words.front(), of.words.back())));
  if (*number < of.lowest || *number > of.highest)
    return wrong(of, fmt::format("{} is not between {} and {}", *number, of.lowest, of.highest));
  return static_cast<int>(*number);
}

/// One member of a list, without what only some fields have: *, N, N-M, each with /STEP.
result<uint64_t> parse_range(const field& of, std::string_view text) {
  int step = 1;
  const auto slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto given = parse_integer(text.substr(slash + 1));
    if (!given || *given < 1)
      return wrong(of, fmt::format("the step '{}' is not a number above 0", text.substr(slash + 1)));
    if (*given > of.highest - of.lowest + 1)
      return wrong(of, fmt::format("the step {} is larger than the field", *given));
    step = static_cast<int>(*given);
  }
  const auto range = text.substr(0, slash);
  if (range.empty())
    return wrong(of, fmt::format("a number is missing in '{}'", text));
  int from = of.lowest;
  int to = of.highest == 7 ? 6 : of.highest; // * is each weekday once
  if (range != "*" && range != "?") {
    const auto dash = range.find('-', 1);
    const auto first = parse_value(of, range.substr(0, dash));
    if (!first)
      return tl::unexpected{first.error()};
    from = *first;
    if (dash != std::string_view::npos) {
      if (dash + 1 == range.size())
        return wrong(of, fmt::format("a number is missing in '{}'", text));
      const auto second = parse_value(of, range.substr(dash + 1));
      if (!second)
        return tl::unexpected{second.error()};
      to = *second;
      if (to < from)
        return wrong(of, fmt::format("{} ends before it begins", range));
    } else if (slash == std::string_view::npos) {
      to = from; // N/STEP goes on to the end of the field
    }
  }
  uint64_t bits = 0;
  for (int value = from; value <= to; value += step)
    bits |= uint64_t{1} << value;
  return bits;
}

/// FRI#2, FRI#L, and 5L as croner and Quartz write it.
std::optional<result<std::pair<int, int>>> parse_nth_weekday(std::string_view text) {
  const auto hash = text.find('#');
  const bool ends_in_l = text.size() > 1 && (text.back() == 'L' || text.back() == 'l');
  if (hash == std::string_view::npos && !(ends_in_l && parse_integer(text.substr(0, text.size() - 1))))
    return std::nullopt;
  const auto weekday = parse_value(weekday_field, text.substr(0, std::min(hash, text.size() - 1)));
  if (!weekday)
    return tl::unexpected{weekday.error()};
  const auto which = hash == std::string_view::npos ? std::string_view{"L"} : text.substr(hash + 1);
  if (upper(which) == "L")
    return std::pair{*weekday % 7, last_of_month};
  const auto number = parse_integer(which);
  if (!number || *number < 1 || *number > 5)
    return wrong(weekday_field, fmt::format("'{}' is not the 1st to 5th weekday of a month, nor L, the last", text));
  return std::pair{*weekday % 7, static_cast<int>(*number)};
}

result<uint64_t> parse_field(const field& of, std::string_view text, cron_schedule& into) {
  uint64_t bits = 0;
  for (const auto part : split(text, ",")) {
    if (part.empty())
      return wrong(of, fmt::format("a number is missing in '{}'", text));
    if (&of == &day_field && upper(part) == "L") {
      into.last_day = true;
      continue;
    }
    if (&of == &weekday_field) {
      if (const auto nth = parse_nth_weekday(part)) {
        if (!*nth)
          return tl::unexpected{nth->error()};
        const auto [weekday, which] = **nth;
        into.nth_weekdays[static_cast<size_t>(weekday)] |= static_cast<uint8_t>(1U << which);
        continue;
      }
    }
    const auto range = parse_range(of, part);
    if (!range)
      return range;
    bits |= *range;
  }
  return bits;
}

bool is_any(std::string_view text) {
  return text == "*" || text == "?";
}

bool has(uint64_t bits, unsigned value) {
  return (bits >> value & 1) != 0;
}

bool is_last_of_month(year_month_day date, int ahead) {
  return year_month_day{local_days{date} + days{ahead}}.month() != date.month();
}

bool matches_date(const cron_schedule& schedule, local_days at) {
  const year_month_day date{at};
  if (!has(schedule.months, static_cast<unsigned>(date.month())))
    return false;
  const auto day = static_cast<unsigned>(date.day());
  const auto weekday = std::chrono::weekday{at}.c_encoding();
  const auto nth = schedule.nth_weekdays[weekday];
  const bool day_fits = has(schedule.days, day) || (schedule.last_day && is_last_of_month(date, 1));
  const bool weekday_fits = has(schedule.weekdays, weekday) || has(nth, (day - 1) / 7 + 1)
                            || (has(nth, last_of_month) && is_last_of_month(date, 7));
  if (schedule.any_day || schedule.any_weekday)
    return day_fits && weekday_fits;
  return day_fits || weekday_fits;
}

std::optional<unsigned> first_from(uint64_t bits, unsigned from) {
  const auto left = from > 63 ? 0 : bits >> from << from;
  return left == 0 ? std::nullopt : std::optional{static_cast<unsigned>(std::countr_zero(left))};
}

/// The first time of the day that fits, from this one on.
std::optional<std::chrono::seconds> first_time(const cron_schedule& schedule, std::chrono::seconds from) {
  const std::chrono::hh_mm_ss start{from};
  const auto start_hour = static_cast<unsigned>(start.hours().count());
  for (auto hour = first_from(schedule.hours, start_hour); hour; hour = first_from(schedule.hours, *hour + 1)) {
    const bool first_hour = *hour == start_hour;
    const auto start_minute = first_hour ? static_cast<unsigned>(start.minutes().count()) : 0;
    for (auto minute = first_from(schedule.minutes, start_minute); minute;
         minute = first_from(schedule.minutes, *minute + 1)) {
      const bool first_minute = first_hour && *minute == start_minute;
      const auto second =
          first_from(schedule.seconds, first_minute ? static_cast<unsigned>(start.seconds().count()) : 0);
      if (second)
        return std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second};
    }
  }
  return std::nullopt;
}

/// The first local time that fits in [from, end).
std::optional<local_seconds> first_match(const cron_schedule& schedule, local_seconds from, local_seconds end) {
  auto day = std::chrono::floor<days>(from);
  auto time = from - day;
  for (; day < end; day += days{1}, time = 0s) {
    if (!matches_date(schedule, day))
      continue;
    const auto found = first_time(schedule, time);
    if (!found)
      continue;
    const auto at = day + *found;
    return at < end ? std::optional{at} : std::nullopt;
  }
  return std::nullopt;
}

constexpr auto patience = days{36525}; ///< a hundred years: 29 February on a Monday comes every 28, 40 around 2100

local_seconds to_local(sys_second at, std::chrono::seconds offset) {
  return local_seconds{at.time_since_epoch() + offset};
}
sys_second to_utc(local_seconds at, std::chrono::seconds offset) {
  return sys_second{at.time_since_epoch() - offset};
}

} // namespace

result<cron_schedule> parse_cron(std::string_view text) {
  auto parts = split(text, " \t");
  std::erase(parts, "");
  if (parts.size() == 1 && parts[0].starts_with('@')) {
    const auto known = std::ranges::find(nicknames, parts[0], &std::pair<std::string_view, std::string_view>::first);
    if (known == std::end(nicknames))
      return fail(exit_code::usage,
                  fmt::format("{} is none of @yearly, @monthly, @weekly, @daily and @hourly", parts[0]));
    parts = split(known->second, " ");
  }
  if (parts.size() != 5 && parts.size() != 6)
    return fail(exit_code::usage, fmt::format("'{}' has {} fields", text, parts.size()),
                "five fields: minute hour day month weekday; with six the first is the second");
  if (parts.size() == 5)
    parts.insert(parts.begin(), "0");

  cron_schedule made;
  made.any_hour = parts[2].starts_with('*');
  made.any_day = is_any(parts[3]);
  made.any_weekday = is_any(parts[5]);
  const auto take = [&](size_t index, const field& of, auto& bits) -> result<void> {
    const auto read = parse_field(of, parts[index], made);
    if (!read)
      return tl::unexpected{read.error()};
    bits = static_cast<std::remove_reference_t<decltype(bits)>>(*read);
    return {};
  };
  for (const auto& one :
       {take(0, second_field, made.seconds), take(1, minute_field, made.minutes), take(2, hour_field, made.hours),
        take(3, day_field, made.days), take(4, month_field, made.months), take(5, weekday_field, made.weekdays)})
    if (!one)
      return tl::unexpected{one.error()};
  if (has(made.weekdays, 7)) // Sunday, too
    made.weekdays = (made.weekdays | 1) & 0x7f;
  const auto utc = [](sys_second) { return zone_period{}; };
  if (!next_due(made, sys_second{}, utc))
    return fail(exit_code::usage, fmt::format("'{}' is never due: no month has such a day", text));
  return made;
}

std::optional<sys_second> next_due(const cron_schedule& schedule, sys_second after, const time_zone& zone) {
  const auto last = after + patience;
  auto period = zone(after);
  auto start = to_local(after, period.offset) + 1s;
  if (!schedule.any_hour && period.begin != sys_second::min()) // it may be an hour that comes the second time
    start = std::max(start, to_local(period.begin, zone(period.begin - 1s).offset));
  for (;;) {
    const auto end = std::min(period.end, last);
    if (const auto found = first_match(schedule, start, to_local(end, period.offset)))
      return to_utc(*found, period.offset);
    if (end == last)
      return std::nullopt;
    // The clocks change: local time jumps from `left` to `reached`.
    const auto next = zone(end);
    const auto left = to_local(end, period.offset);
    const auto reached = to_local(end, next.offset);
    if (!schedule.any_hour && first_match(schedule, left, reached)) // put forward, and it was due in between
      return end;
    start = schedule.any_hour ? reached : std::max(left, reached);
    period = next;
  }
}

} // namespace procvisor
