#include <array>
#include <string_view>

#include "cli/screen/view.hpp"

namespace procvisor::cli {

using namespace ftxui;

namespace {

struct help_row {
  std::string_view keys;
  std::string_view what;
};

/// In pairs, so that 60 columns and 15 lines are enough for all of it.
constexpr std::array rows = std::to_array<help_row>({
    {"↑ ↓", "select a process"},
    {"r R", "restart reload"},
    {"Enter", "full log, or fold"},
    {"s S", "stop, start"},
    {"Space", "fold, pause the log"},
    {"c + -", "scale the app"},
    {"f", "filter the list"},
    {"/", "search the log"},
    {"o O", "sort by, reverse"},
    {"n N", "older, newer"},
    {"Tab", "log/graphs/details"},
    {"u d k j", "scroll the log"},
    {"PgUp PgDn", "list, or full log"},
    {"g G", "oldest, follow"},
    {"← →", "shift the log"},
    {"e", "out, err, both"},
    {"Esc", "one step back"},
    {"p", "pause, follow"},
    {"q Ctrl-C", "quit"},
    {"Ctrl-L Ctrl-Z", "redraw suspend"},
});

Element row_of(const help_row& row, int keys, int what) {
  return hbox({cell(row.keys, keys) | bold | color(Color::Cyan), cell(row.what, what)});
}

} // namespace

Element help_box(const monitor& state) {
  Elements lines;
  const bool is_wide = state.columns >= 60;
  for (size_t i = 0; i < rows.size(); i += 2) {
    if (is_wide) {
      lines.push_back(hbox({row_of(rows[i], 10, 20), row_of(rows[i + 1], 14, 14)}));
    } else {
      lines.push_back(row_of(rows[i], 10, 22));
      lines.push_back(row_of(rows[i + 1], 10, 22));
    }
  }
  lines.push_back(text(is_wide ? "The mouse selects, scrolls, sorts, folds. Any key closes." : "any key closes") | dim);
  return vbox(std::move(lines)) | border | clear_under | center;
}

} // namespace procvisor::cli
