#include "cli/screen/layout.hpp"

#include <algorithm>

namespace procvisor::cli {

namespace {

/// So wide, two panes stand beside each other, and three.
constexpr int columns_for_two = 78;
constexpr int columns_for_three = 110;

/// What is below the table, side by side as far as there is room.
void place_panes(layout& made, pane_kind chosen, int columns, int y, int height) {
  const area all{0, y, columns, height};
  if (columns < columns_for_two) {
    switch (chosen) {
      case pane_kind::log:
        made.log = all;
        return;
      case pane_kind::graphs:
        made.graphs = all;
        return;
      case pane_kind::details:
        made.details = all;
        return;
    }
    return;
  }
  const int left = columns < columns_for_three ? 27 : columns / 5;
  made.graphs = {0, y, left, height};
  const area rest{left + 1, y, columns - left - 1, height};
  if (columns >= columns_for_three) {
    const int details = columns * 3 / 10;
    made.details = {left + 1, y, details, height};
    made.log = {left + details + 2, y, columns - left - details - 2, height};
  } else if (chosen == pane_kind::details) {
    made.details = rest;
  } else {
    made.log = rest;
  }
}

} // namespace

layout layout_of(page_kind page, pane_kind chosen, int columns, int lines, int table_lines) {
  layout made;
  if (columns < least_columns || lines < least_lines) {
    made.is_too_small = true;
    return made;
  }
  made.title = {0, 0, columns, 1};
  made.keys = {0, lines - 1, columns, 1};
  if (page == page_kind::log) {
    const int left = std::clamp(columns / 4, 14, 32);
    made.head = {0, 1, left, 1};
    made.table = {0, 2, left, lines - 3};
    made.bar = {left + 1, 1, columns - left - 1, 1};
    made.log = {left + 1, 2, columns - left - 1, lines - 3};
    return made;
  }
  const int free = lines - 4; // title, head, bar, keys
  const int table = std::clamp(table_lines, std::min(3, free / 2), std::max(3, free / 2));
  made.head = {0, 1, columns, 1};
  made.table = {0, 2, columns, table};
  made.bar = {0, 2 + table, columns, 1};
  place_panes(made, chosen, columns, 3 + table, free - table);
  return made;
}

} // namespace procvisor::cli
