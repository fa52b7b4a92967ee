#include "cli/screen/frame.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace procvisor::cli {

namespace {

using ftxui::Pixel;
using ftxui::Screen;

/// What a cell looks like, without its character.
struct style {
  bool is_bold = false;
  bool is_dim = false;
  bool is_underlined = false;
  bool is_inverse = false;
  ftxui::Color ink;
  ftxui::Color paper;

  bool operator==(const style&) const = default;
};

style style_of(const Pixel& cell, bool coloured) {
  style made{cell.bold, cell.dim, cell.underlined, cell.inverted, {}, {}};
  if (coloured) {
    made.ink = cell.foreground_color;
    made.paper = cell.background_color;
  }
  return made;
}

bool is_same(const Pixel& a, const Pixel& b) {
  return a.character == b.character && style_of(a, true) == style_of(b, true);
}

/// Always from a clean state: a few bytes more, and nothing to remember of what was on.
void append_style(std::string& text, const style& wanted) {
  text += "\x1b[0";
  if (wanted.is_bold)
    text += ";1";
  if (wanted.is_dim)
    text += ";2";
  if (wanted.is_underlined)
    text += ";4";
  if (wanted.is_inverse)
    text += ";7";
  if (wanted.ink != ftxui::Color{})
    text += ";" + wanted.ink.Print(false);
  if (wanted.paper != ftxui::Color{})
    text += ";" + wanted.paper.Print(true);
  text += 'm';
}

/// ASCII, lines and blocks, of which every terminal knows that they are one column wide.
bool has_certain_width(const std::string& character) {
  if (character.size() == 1)
    return true;
  return character.size() == 3 && character[0] == '\xe2'
         && (character[1] == '\x94' || character[1] == '\x95' || character[1] == '\x96');
}

/// Writes cells, and moves the terminal's cursor where it does not stand behind the one before.
class cell_writer {
public:
  cell_writer(std::string& text, bool coloured) : text_(text), coloured_(coloured) {}

  void write(int x, int y, const Pixel& cell) {
    if (x != x_ || y != y_)
      fmt::format_to(std::back_inserter(text_), "\x1b[{};{}H", y + 1, x + 1);
    if (const auto wanted = style_of(cell, coloured_); wanted != style_) {
      append_style(text_, wanted);
      style_ = wanted;
    }
    text_ += cell.character;
    x_ = has_certain_width(cell.character) ? x + 1 : -1; // terminals disagree about some of the others
    y_ = y;
  }

private:
  std::string& text_;
  bool coloured_;
  int x_ = -1;
  int y_ = -1;
  style style_;
};

} // namespace

std::string frame_text(const Screen* before, const Screen& after, bool coloured) {
  const bool is_whole = before == nullptr || before->dimx() != after.dimx() || before->dimy() != after.dimy();
  std::string text;
  if (is_whole)
    text += "\x1b[0m\x1b[2J";
  cell_writer writer{text, coloured};
  const Pixel blank;
  for (int y = 0; y < after.dimy(); ++y) {
    for (int x = 0; x < after.dimx(); ++x) {
      const auto& cell = after.PixelAt(x, y);
      const auto& shown = is_whole ? blank : before->PixelAt(x, y);
      const bool is_second_half = cell.character.empty(); // of a wide character
      if (is_second_half || is_same(cell, shown))
        continue;
      writer.write(x, y, cell);
    }
  }
  return text.empty() ? text : "\x1b[?2026h" + text + "\x1b[0m\x1b[?2026l";
}

} // namespace procvisor::cli
