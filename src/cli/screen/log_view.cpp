/// The log, drawn.
#include <algorithm>

#include <fmt/format.h>

#include "cli/render/text_width.hpp"
#include "cli/screen/plain_text.hpp"
#include "cli/screen/view.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

using namespace ftxui;

namespace {

constexpr int label_columns = 14;

/// The text from the pane's column on, with what is searched for standing out.
Element highlighted_text(std::string_view line, std::string_view wanted, size_t column) {
  const auto visible = from_column(line, column);
  const auto spans = occurrences(visible, wanted);
  if (spans.empty())
    return text(std::string{visible});
  Elements parts;
  size_t done = 0;
  for (const auto& [begin, end] : spans) {
    parts.push_back(text(std::string{visible.substr(done, begin - done)}));
    parts.push_back(text(std::string{visible.substr(begin, end - begin)}) | color(Color::Black) | bgcolor(Color::Yellow)
                    | bold | underlined);
    done = end;
  }
  parts.push_back(text(std::string{visible.substr(done)}));
  return hbox(std::move(parts));
}

/// The mark in front: of stderr, and of the line that a search has found.
Element gutter(log_stream stream, bool is_match) {
  if (is_match)
    return text("▶") | color(Color::Yellow);
  return stream == log_stream::err ? text("▌") | color(Color::Red) : text(" ");
}

Element live_line(const pane_line& line, const log_pane& pane) {
  if (line.is_heading)
    return text(line.text) | dim;
  Elements parts{gutter(line.stream, pane.has_match(line))};
  if (!line.label.empty())
    parts.push_back(cell(line.label, label_columns) | color(Color::Cyan));
  parts.push_back(highlighted_text(line.text, pane.wanted(), pane.column()));
  return hbox(std::move(parts));
}

Element history_line(const history_page& page, size_t at, const log_pane& pane) {
  return hbox({gutter(page.stream, page.match == at), highlighted_text(page.lines[at], pane.wanted(), pane.column())});
}

Element note(std::string_view what, int width) {
  return text(cut_to(what, static_cast<size_t>(width))) | dim;
}

} // namespace

std::string log_place(const monitor& state) {
  const auto& pane = state.log;
  if (pane.searched)
    return fmt::format("searching {}%, Esc stops", *pane.searched);
  if (const auto& page = pane.history())
    return fmt::format("{} {}%", page->stream == log_stream::err ? "history of err" : "history", page->percent);
  const auto stream = pane.choice() == stream_choice::both ? "" : fmt::format("{} ", to_string(pane.choice()));
  return stream + (pane.follows() ? "following" : "paused");
}

Element log_lines(const monitor& state, const area& where) {
  Elements drawn;
  const auto& pane = state.log;
  if (const auto& page = pane.history()) {
    if (!page->note.empty() && page->is_start)
      drawn.push_back(note(page->note, where.width));
    for (size_t i = 0; i < page->lines.size() && static_cast<int>(drawn.size()) < where.height; ++i)
      drawn.push_back(history_line(*page, i, pane));
    return vbox(std::move(drawn));
  }
  for (const auto* line : pane.page(where.height))
    drawn.push_back(live_line(*line, pane));
  if (drawn.empty())
    drawn.push_back(note(pane.trouble.empty() ? "nothing has been written yet" : pane.trouble, where.width));
  return vbox(std::move(drawn));
}

} // namespace procvisor::cli
