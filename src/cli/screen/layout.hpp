#pragma once

#include <cstdint>

namespace procvisor::cli {

enum class page_kind : uint8_t {
  overview, ///< `monit`: the list, and below it what is known of the selected process
  log,      ///< `ilogs`: the list at the left, and the log
};

enum class pane_kind : uint8_t { log, graphs, details };

struct area {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0; ///< 0: it is not shown

  bool has(int at_x, int at_y) const noexcept {
    return at_x >= x && at_x < x + width && at_y >= y && at_y < y + height;
  }
  bool operator==(const area&) const = default;
};

/// Where everything is on a screen: what draws and what understands the mouse both ask this.
struct layout {
  bool is_too_small = false; ///< one line says so, and nothing else is shown
  area title;
  area head;  ///< the names of the table's columns
  area table; ///< its lines
  area bar;   ///< the heading of what is below the table, or of the log beside it
  area graphs;
  area details;
  area log;
  area keys; ///< the last line: keys, questions, messages
};

inline constexpr int least_columns = 40;
inline constexpr int least_lines = 8;

layout layout_of(page_kind page, pane_kind chosen, int columns, int lines, int table_lines);

} // namespace procvisor::cli
