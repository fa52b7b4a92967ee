#include <doctest/doctest.h>

#include <ftxui/screen/screen.hpp>

#include "cli/screen/frame.hpp"
#include "cli/screen/input.hpp"
#include "cli/screen/plain_text.hpp"
#include "core/text.hpp"

using namespace procvisor;
using namespace procvisor::cli;
using namespace std::string_literals;

namespace {

std::vector<input_event> events_of(std::string_view bytes) {
  input_reader reader;
  auto events = reader.read(bytes);
  for (auto& late : reader.settle())
    events.push_back(std::move(late));
  return events;
}

key_press typed(std::string text) {
  return {key::character, std::move(text)};
}

} // namespace

TEST_CASE("screen input: bytes of a terminal are keys and the mouse") {
  struct row {
    std::string_view bytes;
    std::vector<input_event> expected;
  };
  const row rows[] = {
      {"a", {typed("a")}},
      {"aB 1", {typed("a"), typed("B"), typed(" "), typed("1")}},
      {"\xc3\xa9\xe6\x97\xa5\xf0\x9f\x9a\x80", {typed("é"), typed("日"), typed("🚀")}},
      {"\r", {key_press{key::enter}}},
      {"\t\x7f\b", {key_press{key::tab}, key_press{key::backspace}, key_press{key::backspace}}},
      {"\x03\x1a\x0c\x15",
       {key_press{key::interrupt}, key_press{key::suspend}, key_press{key::redraw}, key_press{key::clear_line}}},
      {"\x1b", {key_press{key::escape}}},
      {"\x1b\x1b", {key_press{key::escape}, key_press{key::escape}}},
      {"\x1bx", {key_press{key::escape}, typed("x")}},
      {"\x1b[A\x1bOB\x1b[C\x1b[D",
       {key_press{key::up}, key_press{key::down}, key_press{key::right}, key_press{key::left}}},
      {"\x1b[5~\x1b[6~\x1b[3~", {key_press{key::page_up}, key_press{key::page_down}, key_press{key::erase}}},
      {"\x1b[H\x1b[1~\x1bOF\x1b[4~",
       {key_press{key::home}, key_press{key::home}, key_press{key::end}, key_press{key::end}}},
      {"\x1bOP\x1b[[A\x1b[Z", {key_press{key::help}, key_press{key::help}, key_press{key::back_tab}}},
      {"\x1b[<0;12;5M\x1b[<0;12;5m", {mouse_event{mouse_action::press, 11, 4}}},
      {"\x1b[<64;1;1M\x1b[<65;80;24M",
       {mouse_event{mouse_action::wheel_up, 0, 0}, mouse_event{mouse_action::wheel_down, 79, 23}}},
      // what nobody asked for
      {"\x1b[1;5Aq", {typed("q")}},
      {"\x1b[<0;0;5Mq", {typed("q")}},
      {"\x1b[<0;99999999999999999999;5Mq", {typed("q")}},
      {"\x1b[<2;1;1Mq", {typed("q")}},
      {"\x1b[?1;2cq", {typed("q")}},
      {"\xff\x80\x01q", {typed("q")}},
  };
  for (const auto& [bytes, expected] : rows) {
    CAPTURE(printable(bytes));
    CHECK(events_of(bytes) == expected);
  }
}

TEST_CASE("screen input: a key that comes in pieces is one key, and an escape waits for what may belong to it") {
  input_reader reader;
  CHECK(reader.read("\x1b").empty());
  CHECK(reader.is_unsettled());
  CHECK(reader.read("[").empty());
  CHECK(reader.read("A") == std::vector<input_event>{key_press{key::up}});
  CHECK_FALSE(reader.is_unsettled());

  CHECK(reader.read("\xe6\x97").empty());
  CHECK(reader.read("\xa5") == std::vector<input_event>{typed("日")});
}

TEST_CASE("screen input: a sequence without end is given up") {
  input_reader reader;
  CHECK(reader.read("\x1b[" + std::string(100, '1')).empty());
  CHECK(reader.read("q") == std::vector<input_event>{typed("q")});
}

// -- frames ------------------------------------------------------------------------

TEST_CASE("screen frame: only the cells that differ are written, in one synchronized update") {
  ftxui::Screen before{10, 2};
  ftxui::Screen after{10, 2};
  CHECK(frame_text(&before, after, true).empty());

  after.PixelAt(3, 1).character = "x";
  after.PixelAt(4, 1).character = "y";
  CHECK(frame_text(&before, after, true) == "\x1b[?2026h\x1b[2;4Hxy\x1b[0m\x1b[?2026l");
}

TEST_CASE("screen frame: the first frame and one of another size clear the terminal") {
  ftxui::Screen small{4, 1};
  ftxui::Screen large{5, 1};
  CHECK(frame_text(nullptr, small, true).find("\x1b[2J") != std::string::npos);
  CHECK(frame_text(&small, large, true).find("\x1b[2J") != std::string::npos);
  CHECK(frame_text(&small, small, true).find("\x1b[2J") == std::string::npos);
}

TEST_CASE("screen frame: without colours only the shapes of text are left") {
  ftxui::Screen before{4, 1};
  ftxui::Screen after{4, 1};
  auto& cell = after.PixelAt(0, 0);
  cell.character = "x";
  cell.foreground_color = ftxui::Color::Red;
  cell.background_color = ftxui::Color::Yellow;
  cell.bold = true;
  cell.inverted = true;
  CHECK(frame_text(&before, after, true).find("\x1b[0;1;7;31;43mx") != std::string::npos);
  CHECK(frame_text(&before, after, false).find("\x1b[0;1;7mx") != std::string::npos);
}

TEST_CASE("screen frame: behind a character of uncertain width the cursor is placed anew") {
  ftxui::Screen before{6, 1};
  ftxui::Screen after{6, 1};
  after.PixelAt(0, 0).character = "日";
  after.PixelAt(1, 0).character = "";
  after.PixelAt(2, 0).character = "x";
  CHECK(frame_text(&before, after, true).find("\x1b[1;1H日\x1b[1;3Hx") != std::string::npos);

  // What was its second half is written when something else stands there.
  CHECK(frame_text(&after, before, true).find("\x1b[1;1H   ") != std::string::npos);
}

// -- text of logs ---------------------------------------------------------------------

TEST_CASE("screen text: a line of a log cannot steer the terminal") {
  const std::pair<std::string, std::string> rows[] = {
      {"plain", "plain"},
      {"\x1b[31mred\x1b[0m", "red"},
      {"\x1b[2J\x1b[1;1Hx", "x"},
      {"\x1b]0;title\ax", "x"},
      {"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"},
      {"\x1bPq\x1b\\x", "x"},
      {"\x1b"
       "cx",
       "x"},
      {"\x1b[31", ""},
      {"\x1b", ""},
      {"a\tb", "a       b"},
      {"12345678\tb", "12345678        b"},
      {"日\tb", "日      b"},
      {"10%\r20%\r", "20%"},
      {"line\r", "line"},
      {"\a\x01", "\\x07\\x01"},
      {"\xff", "\\xff"},
      {"\xc2\x9b"
       "31m",
       "\\xc2\\x9b31m"}, // the one-byte CSI
      {"a\0b"s, "a\\x00b"},
  };
  for (const auto& [line, expected] : rows) {
    CAPTURE(printable(line));
    CHECK(plain_text(line) == expected);
  }
}

TEST_CASE("screen text: what is searched is found in capitals too, unless it has some") {
  using spans = std::vector<text_span>;
  CHECK(occurrences("an Error, an error", "error") == spans{{3, 8}, {13, 18}});
  CHECK(occurrences("an Error, an error", "Error") == spans{{3, 8}});
  CHECK(occurrences("aaaa", "aa") == spans{{0, 2}, {2, 4}});
  CHECK(occurrences("abc", "").empty());
  CHECK(occurrences("", "a").empty());
}

TEST_CASE("screen text: columns are those of the screen") {
  CHECK(from_column("abcdef", 2) == "cdef");
  CHECK(from_column("日本x", 2) == "本x");
  CHECK(from_column("ab", 5).empty());
}
