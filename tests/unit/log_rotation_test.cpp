#include <doctest/doctest.h>

#include <fcntl.h>

#include <string>
#include <string_view>

#include "core/log_rotation.hpp"
#include "os/file_append.hpp"
#include "os/rotated_files.hpp"
#include "os/text_file.hpp"
#include "temp_folder.hpp"

using namespace procvisor;
using namespace std::string_view_literals;

TEST_CASE("log rotation: a file takes the whole lines that fit") {
  constexpr bool due = true;
  struct row {
    std::string_view text;
    uint64_t size;
    bool at_line_start;
    uint64_t max_size;
    bool is_due;
    log_piece piece;
  };
  for (const auto& [text, size, at_line_start, max_size, is_due, piece] : std::initializer_list<row>{
           {"aa\nbb\n", 0, true, 0, !due, {6, false}},    // no limit
           {"aa\nbb\n", 94, true, 100, !due, {6, false}}, // just full: put aside with the next line
           {"cc\n", 100, true, 100, !due, {0, true}},
           {"aa\nbb\n", 95, true, 100, !due, {3, true}},
           {"aa\nbb", 96, true, 100, !due, {3, true}},
           {"aa\nbb\n", 98, true, 100, !due, {0, true}},
           {"aa\nbb\n", 98, false, 100, !due, {3, true}}, // the line that has begun goes on
           {"aa\n", 98, false, 100, !due, {3, false}},
           {"aaaa", 98, false, 100, !due, {4, false}},
           {"aaaa", 198, false, 100, !due, {2, true}}, // but not for ever
           {"aaaa", 250, false, 100, !due, {0, true}},
           {"12345678901\nx\n", 0, true, 10, !due, {12, true}}, // a line that no file can hold
           {"123456789012345678901\n", 0, true, 10, !due, {20, true}},
           {"aa\n", 0, true, 100, due, {3, false}}, // an empty file is not put aside
           {"aa\n", 1, true, 100, due, {0, true}},
           {"aa\nbb\n", 1, false, 100, due, {3, true}},
           {"aa\n", 1, false, 100, due, {3, false}},
           {"aa", 1, false, 100, due, {2, false}},
           {"aa\nbb\n", 1, false, 0, due, {3, true}},
       }) {
    CAPTURE(text);
    CAPTURE(size);
    CAPTURE(at_line_start);
    CHECK(next_piece(text, size, at_line_start, max_size, is_due) == piece);
  }
}

TEST_CASE("log rotation: every text is written to its end, and no file but for one line is larger than it may be") {
  for (const uint64_t max_size : {1U, 7U, 10U, 64U}) {
    uint64_t size = 0;
    bool at_line_start = true;
    std::string written;
    std::string all;
    for (int i = 0; i < 300; ++i) {
      std::string text;
      for (int n = 0; n < i % 23; ++n)
        text += (n * 7 + i) % 5 == 0 ? '\n' : static_cast<char>('a' + n % 26);
      all += text;
      std::string_view rest = text;
      for (int turns = 0; !rest.empty(); ++turns) {
        REQUIRE(turns < 200);
        const auto piece = next_piece(rest, size, at_line_start, max_size, false);
        if (piece.bytes > 0) {
          written += rest.substr(0, piece.bytes);
          size += piece.bytes;
          at_line_start = rest[piece.bytes - 1] == '\n';
          rest.remove_prefix(piece.bytes);
        }
        CHECK(size <= 2 * max_size);
        if (piece.then_rotate) {
          size = 0;
          at_line_start = true;
        }
      }
    }
    CHECK(written == all);
  }
}

TEST_CASE("log rotation: hours and days end by the clock of the place") {
  const calendar_time evening{.year = 2026, .month = 3, .day = 1, .hour = 23, .minute = 59, .day_of_year = 60};
  auto later = evening;
  later.minute = 0;
  auto night = evening;
  night.day = 2;
  night.day_of_year = 61;
  night.hour = 0;
  CHECK(period_of(rotate_interval::day, evening) == period_of(rotate_interval::day, later));
  CHECK(period_of(rotate_interval::day, evening) != period_of(rotate_interval::day, night));
  CHECK(period_of(rotate_interval::hour, evening) != period_of(rotate_interval::hour, night));
  CHECK(period_of(rotate_interval::never, evening) == period_of(rotate_interval::never, night));
  const calendar_time last{.year = 2028, .month = 12, .day = 31, .day_of_year = 366};
  const calendar_time first{.year = 2029, .month = 1, .day = 1, .day_of_year = 1};
  CHECK(period_of(rotate_interval::day, last) != period_of(rotate_interval::day, first));
}

TEST_CASE("log rotation: files get the next number, too many are removed, and strangers are left alone") {
  const temp_folder folder;
  const auto log = folder / "a.log";
  const auto put = [&](std::string_view name, std::string_view text) { folder.write(name, text); };
  const auto get = [&](std::string_view name) { return os::read_text_file(folder / name, 100).value_or("-"); };
  put("a.log", "now");
  put("a.log.1", "one");
  put("a.log.2.gz", "two");
  put("a.log.4", "four");
  for (const auto* name : {"a.log.x", "a.log.01", "a.log.1.bz2", "a.log.", "a.logs.1", "b.log.1"})
    put(name, "strange");

  CHECK(os::rotated_files(log).size() == 3);
  CHECK(os::rotate_files(log, 4) == 0);

  CHECK(get("a.log") == "-");
  CHECK(get("a.log.1") == "now");
  CHECK(get("a.log.2") == "one");
  CHECK(get("a.log.3.gz") == "two");
  CHECK(get("a.log.4") == "-");
  CHECK(get("a.log.5") == "-");
  for (const auto* name : {"a.log.x", "a.log.01", "a.log.1.bz2", "a.log.", "a.logs.1", "b.log.1"})
    CHECK(get(name) == "strange");

  os::limit_rotated_files(log, 6);
  CHECK(get("a.log.2") == "one");
  CHECK(get("a.log.3.gz") == "-");
  CHECK(os::remove_oldest_rotated_file(log));
  CHECK(get("a.log.2") == "-");
  CHECK(os::remove_oldest_rotated_file(log));
  CHECK(!os::remove_oldest_rotated_file(log));
  put("a.log", "last");
  CHECK(os::rotate_files(log, 0) == 0);
  CHECK(get("a.log") == "-");
  CHECK(os::rotated_files(log).empty());
}
