#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "core/date_format.hpp"

using namespace procvisor;

namespace {

/// Sunday, 2026-11-22 14:18:05.012345678 at +05:30.
const calendar_time afternoon{.year = 2026,
                              .month = 11,
                              .day = 22,
                              .hour = 14,
                              .minute = 18,
                              .second = 5,
                              .nanosecond = 12'345'678,
                              .weekday = 0,
                              .day_of_year = 326,
                              .utc_offset_minutes = 330,
                              .unix_seconds = 1'795'337'285};

/// Wednesday, 2003-01-01 00:09:30 at -03:30.
const calendar_time midnight{.year = 2003,
                             .month = 1,
                             .day = 1,
                             .hour = 0,
                             .minute = 9,
                             .second = 30,
                             .nanosecond = 0,
                             .weekday = 3,
                             .day_of_year = 1,
                             .utc_offset_minutes = -210,
                             .unix_seconds = 1'041'392'370};

std::string written(std::string_view pattern, const calendar_time& at) {
  std::string text;
  date_format{pattern}.append_to(text, at);
  return text;
}

} // namespace

TEST_CASE("date_format: every token") {
  struct row {
    const char* pattern;
    const char* in_the_afternoon;
    const char* at_midnight;
  };
  const row rows[] = {
      {"YYYY YY", "2026 26", "2003 03"},
      {"Q", "4", "1"},
      {"MMMM MMM MM M", "November Nov 11 11", "January Jan 01 1"},
      {"DDDD DDD", "326 326", "001 1"},
      {"DD D Do", "22 22 22nd", "01 1 1st"},
      {"dddd ddd dd d", "Sunday Sun Su 0", "Wednesday Wed We 3"},
      {"HH H", "14 14", "00 0"},
      {"hh h", "02 2", "12 12"},
      {"kk k", "14 14", "24 24"},
      {"mm m ss s", "18 18 05 5", "09 9 30 30"},
      {"A a", "PM pm", "AM am"},
      {"Z ZZ", "+05:30 +0530", "-03:30 -0330"},
      {"X x", "1795337285 1795337285012", "1041392370 1041392370000"},
      {"S SS SSS SSSS SSSSS SSSSSS", "0 01 012 0123 01234 012345", "0 00 000 0000 00000 000000"},
      {"SSSSSSSSS", "012345678", "000000000"},
      {"", "", ""},
  };
  for (const auto& [pattern, in_the_afternoon, at_midnight] : rows) {
    CAPTURE(pattern);
    CHECK(written(pattern, afternoon) == in_the_afternoon);
    CHECK(written(pattern, midnight) == at_midnight);
  }
}

TEST_CASE("date_format: patterns of PM2's users") {
  const std::pair<const char*, const char*> rows[] = {
      {"YYYY-MM-DDTHH:mm:ss", "2026-11-22T14:18:05"}, // time: true
      {"YYYY-MM-DD HH:mm Z", "2026-11-22 14:18 +05:30"},
      {"YYYY-MM-DD-HH:mm:ss", "2026-11-22-14:18:05"},
      {"DD/MM/YY hh:mm:ss.SSS A", "22/11/26 02:18:05.012 PM"},
      {"dddd, MMMM Do YYYY, h:mm:ss a", "Sunday, November 22nd 2026, 2:18:05 pm"},
  };
  for (const auto& [pattern, expected] : rows)
    CHECK(written(pattern, afternoon) == expected);
}

TEST_CASE("date_format: brackets and what is no token stand for themselves") {
  const std::pair<const char*, const char*> rows[] = {
      {"[at] HH", "at 14"}, {"[HH]", "HH"},   {"HH[h]mm", "14h18"}, {"[]H", "[]14"},  {"[H", "[14"},
      {"H]", "14]"},        {"GLNW", "GLNW"}, {"uté", "uté"},       {"%Y %", "%Y %"}, {"\"H\"", "\"14\""},
  };
  for (const auto& [pattern, expected] : rows) {
    CAPTURE(pattern);
    CHECK(written(pattern, afternoon) == expected);
  }
}

TEST_CASE("date_format: English ordinals") {
  const std::pair<int, const char*> rows[] = {{1, "1st"},   {2, "2nd"},   {3, "3rd"},   {4, "4th"},   {11, "11th"},
                                              {12, "12th"}, {13, "13th"}, {21, "21st"}, {23, "23rd"}, {31, "31st"}};
  for (const auto& [day, expected] : rows) {
    auto at = midnight;
    at.day = day;
    CHECK(written("Do", at) == expected);
  }
}

TEST_CASE("date_format: it knows whether its text lasts for a second") {
  for (const char* lasting : {"YYYY-MM-DDTHH:mm:ss", "X", "[SSS]", ""})
    CHECK(!date_format{lasting}.shows_fractions());
  for (const char* brief : {"ss.SSS", "x", "S"})
    CHECK(date_format{brief}.shows_fractions());
  CHECK(date_format{""}.empty());
  CHECK(!date_format{" "}.empty());
}
