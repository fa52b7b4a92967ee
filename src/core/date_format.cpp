#include "core/date_format.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>

#include <fmt/format.h>

namespace procvisor {

namespace {

constexpr size_t most_fraction_digits = 9;

constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> weekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};

void put(std::string& text, int value, int width) {
  fmt::format_to(std::back_inserter(text), "{:0{}}", value, width);
}

std::string_view month_name(const calendar_time& at) {
  return months[static_cast<size_t>(at.month - 1)];
}

std::string_view weekday_name(const calendar_time& at) {
  return weekdays[static_cast<size_t>(at.weekday)];
}

std::string_view ordinal_ending(int number) {
  if (number / 10 % 10 == 1)
    return "th";
  switch (number % 10) {
    case 1:
      return "st";
    case 2:
      return "nd";
    case 3:
      return "rd";
    default:
      return "th";
  }
}

int hour_of_12(const calendar_time& at) {
  return at.hour % 12 == 0 ? 12 : at.hour % 12;
}

int hour_of_24(const calendar_time& at) {
  return at.hour == 0 ? 24 : at.hour;
}

void put_offset(std::string& text, const calendar_time& at, std::string_view between) {
  const int minutes = std::abs(at.utc_offset_minutes);
  fmt::format_to(std::back_inserter(text), "{}{:02}{}{:02}", at.utc_offset_minutes < 0 ? '-' : '+', minutes / 60,
                 between, minutes % 60);
}

struct token {
  std::string_view spelling;
  void (*write)(std::string& text, const calendar_time& at);
};

using text_ref = std::string&;
using time_ref = const calendar_time&;

// A token that begins with another one stands before it.
constexpr token tokens[] = {
    {"YYYY", [](text_ref t, time_ref at) { put(t, at.year, 4); }},
    {"YY", [](text_ref t, time_ref at) { put(t, at.year % 100, 2); }},
    {"Q", [](text_ref t, time_ref at) { put(t, (at.month + 2) / 3, 1); }},
    {"MMMM", [](text_ref t, time_ref at) { t += month_name(at); }},
    {"MMM", [](text_ref t, time_ref at) { t += month_name(at).substr(0, 3); }},
    {"MM", [](text_ref t, time_ref at) { put(t, at.month, 2); }},
    {"M", [](text_ref t, time_ref at) { put(t, at.month, 1); }},
    {"DDDD", [](text_ref t, time_ref at) { put(t, at.day_of_year, 3); }},
    {"DDD", [](text_ref t, time_ref at) { put(t, at.day_of_year, 1); }},
    {"DD", [](text_ref t, time_ref at) { put(t, at.day, 2); }},
    {"Do",
     [](text_ref t, time_ref at) {
       put(t, at.day, 1);
       t += ordinal_ending(at.day);
     }},
    {"D", [](text_ref t, time_ref at) { put(t, at.day, 1); }},
    {"dddd", [](text_ref t, time_ref at) { t += weekday_name(at); }},
    {"ddd", [](text_ref t, time_ref at) { t += weekday_name(at).substr(0, 3); }},
    {"dd", [](text_ref t, time_ref at) { t += weekday_name(at).substr(0, 2); }},
    {"d", [](text_ref t, time_ref at) { put(t, at.weekday, 1); }},
    {"HH", [](text_ref t, time_ref at) { put(t, at.hour, 2); }},
    {"H", [](text_ref t, time_ref at) { put(t, at.hour, 1); }},
    {"hh", [](text_ref t, time_ref at) { put(t, hour_of_12(at), 2); }},
    {"h", [](text_ref t, time_ref at) { put(t, hour_of_12(at), 1); }},
    {"kk", [](text_ref t, time_ref at) { put(t, hour_of_24(at), 2); }},
    {"k", [](text_ref t, time_ref at) { put(t, hour_of_24(at), 1); }},
    {"mm", [](text_ref t, time_ref at) { put(t, at.minute, 2); }},
    {"m", [](text_ref t, time_ref at) { put(t, at.minute, 1); }},
    {"ss", [](text_ref t, time_ref at) { put(t, at.second, 2); }},
    {"s", [](text_ref t, time_ref at) { put(t, at.second, 1); }},
    {"A", [](text_ref t, time_ref at) { t += at.hour < 12 ? "AM" : "PM"; }},
    {"a", [](text_ref t, time_ref at) { t += at.hour < 12 ? "am" : "pm"; }},
    {"ZZ", [](text_ref t, time_ref at) { put_offset(t, at, ""); }},
    {"Z", [](text_ref t, time_ref at) { put_offset(t, at, ":"); }},
    {"X", [](text_ref t, time_ref at) { t += std::to_string(at.unix_seconds); }},
    {"x", [](text_ref t, time_ref at) { t += std::to_string(at.unix_seconds * 1000 + at.nanosecond / 1'000'000); }},
};
constexpr std::string_view unix_milliseconds = "x";

} // namespace

date_format::date_format(std::string_view pattern) {
  while (!pattern.empty())
    pattern.remove_prefix(add_next(pattern));
}

size_t date_format::add_next(std::string_view rest) {
  if (rest.front() == '[') {
    const auto end = rest.find(']');
    if (end != std::string_view::npos && end > 1) {
      add_literal(rest.substr(1, end - 1));
      return end + 1;
    }
  }
  if (rest.front() == 'S') {
    const auto digits = std::min({rest.find_first_not_of('S'), rest.size(), most_fraction_digits});
    pieces_.push_back({.fraction_digits = static_cast<int>(digits)});
    shows_fractions_ = true;
    return digits;
  }
  const auto* found = std::find_if(std::begin(tokens), std::end(tokens),
                                   [rest](const token& each) { return rest.starts_with(each.spelling); });
  if (found == std::end(tokens)) {
    add_literal(rest.substr(0, 1));
    return 1;
  }
  pieces_.push_back({.write = found->write});
  shows_fractions_ = shows_fractions_ || found->spelling == unix_milliseconds;
  return found->spelling.size();
}

void date_format::add_literal(std::string_view text) {
  const bool goes_on = !pieces_.empty() && !pieces_.back().literal.empty();
  if (goes_on)
    pieces_.back().literal += text;
  else
    pieces_.push_back({.literal = std::string{text}});
}

void date_format::append_to(std::string& text, const calendar_time& at) const {
  for (const auto& each : pieces_) {
    if (each.write != nullptr) {
      each.write(text, at);
    } else if (each.fraction_digits > 0) {
      const auto all = fmt::format("{:09}", at.nanosecond);
      text.append(all, 0, static_cast<size_t>(each.fraction_digits));
    } else {
      text += each.literal;
    }
  }
}

} // namespace procvisor
