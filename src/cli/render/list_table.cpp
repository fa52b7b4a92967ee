#include "cli/render/list_table.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <numeric>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "cli/render/amounts.hpp"
#include "cli/render/colour.hpp"
#include "cli/render/status.hpp"
#include "cli/render/text_width.hpp"

namespace procvisor::cli {

namespace {

using rpc::process_row;

struct cell {
  std::string text;
  colour paint = colour::plain;
  size_t width = 0; ///< of the text, in columns of a terminal; the table measures it
};

struct column {
  std::string_view title;
  size_t min_width; ///< with the space on both sides
  size_t max_width;
  cell (*value)(const process_row&, const canvas&);
};

constexpr size_t padding = 2;
constexpr size_t longest_status = std::string_view{"waiting restart"}.size() + padding;

cell id_cell(const process_row& row, const canvas&) {
  return {fmt::format_int(row.id).str(), colour::bold_cyan};
}
cell name_cell(const process_row& row, const canvas&) {
  return {row.name};
}
cell namespace_cell(const process_row& row, const canvas&) {
  return {row.name_space};
}
std::string shown_version(const process_row& row) {
  return row.version.empty() ? "N/A" : row.version;
}
cell version_cell(const process_row& row, const canvas&) {
  return {shown_version(row)};
}
cell mode_cell(const process_row& row, const canvas&) {
  return {row.mode, row.mode == "fork" ? colour::inverse : colour::blue};
}
cell pid_cell(const process_row& row, const canvas&) {
  return {fmt::format_int(row.pid).str()};
}
cell uptime_cell(const process_row& row, const canvas& on) {
  return {row.pid == 0 ? "0" : uptime_text(rpc::uptime_of(row, on.now))};
}
cell restarts_cell(const process_row& row, const canvas&) {
  return {fmt::format_int(row.restarts).str()};
}
cell status_cell(const process_row& row, const canvas&) {
  return {std::string{to_string(row.status)}, colour_of(row.status)};
}
cell cpu_cell(const process_row& row, const canvas&) {
  return {cpu_text(row.cpu), colour::bold};
}
cell memory_cell(const process_row& row, const canvas&) {
  return {memory_text(row.memory), colour::bold};
}
cell user_cell(const process_row& row, const canvas&) {
  return {row.user, colour::bold};
}
cell watching_cell(const process_row& row, const canvas&) {
  if (!row.watch_trouble.empty())
    return {"paused", colour::yellow};
  return {row.watching ? "enabled" : "disabled", row.watching ? colour::green : colour::plain};
}

// The widths are PM2's; columns grow with what is in them up to the second number.
constexpr std::array full = std::to_array<column>({
    {"id", 4, 12, id_cell},
    {"name", 11, 40, name_cell},
    {"namespace", 13, 24, namespace_cell},
    {"version", 9, 16, version_cell},
    {"mode", 9, 9, mode_cell},
    {"pid", 10, 12, pid_cell},
    {"uptime", 8, 8, uptime_cell},
    {"↺", 6, 12, restarts_cell},
    {"status", 11, longest_status, status_cell},
    {"cpu", 10, 10, cpu_cell},
    {"mem", 10, 10, memory_cell},
    {"user", 10, 20, user_cell},
    {"watching", 10, 10, watching_cell},
});

constexpr std::array condensed = std::to_array<column>({
    {"id", 4, 12, id_cell},
    {"name", 11, 20, name_cell},
    {"mode", 10, 10, mode_cell},
    {"↺", 6, 12, restarts_cell},
    {"status", 11, longest_status, status_cell},
    {"cpu", 10, 10, cpu_cell},
    {"memory", 10, 10, memory_cell},
});

constexpr std::array mini = std::to_array<column>({
    {"id", 4, 12, id_cell},
    {"name", 11, 16, name_cell},
    {"status", 11, longest_status, status_cell},
    {"cpu", 8, 9, cpu_cell},
    {"mem", 10, 10, memory_cell},
});
constexpr size_t name_column = 1; ///< in `mini`
constexpr size_t narrowest_name = 5;

/// One layout with what stands in it and how wide that is.
class table {
public:
  table(std::span<const column> columns, std::span<const process_row> rows, const canvas& on) : columns_(columns) {
    cells_.reserve(columns.size() * rows.size());
    for (const column& c : columns) {
      widths_.push_back(std::clamp(display_width(c.title) + padding, c.min_width, c.max_width));
      for (const process_row& row : rows) {
        cell& made = cells_.emplace_back(c.value(row, on));
        made.width = display_width(made.text);
        widths_.back() = std::max(widths_.back(), std::min(made.width + padding, c.max_width));
      }
    }
    rows_ = rows.size();
  }

  size_t width() const { return std::accumulate(widths_.begin(), widths_.end(), widths_.size() + 1); }

  /// Leaves out columns behind the name from the right, and then cuts the name.
  void squeeze_into(size_t available) {
    while (width() > available && widths_.size() > name_column + 2)
      widths_.pop_back();
    if (width() > available) {
      size_t excess = std::min(width() - available, widths_[name_column]);
      widths_[name_column] = std::max(widths_[name_column] - excess, narrowest_name);
    }
  }

  std::string draw(bool coloured) const {
    std::string text;
    text.reserve((rows_ + 4) * (width() * 3 + 16));
    draw_rule(text, "┌", "┬", "┐");
    for (size_t c = 0; c < widths_.size(); ++c)
      draw_cell(text, c, {std::string{columns_[c].title}, colour::bold_cyan, display_width(columns_[c].title)},
                coloured);
    text += "│\n";
    if (rows_ > 0)
      draw_rule(text, "├", "┼", "┤");
    for (size_t r = 0; r < rows_; ++r) {
      for (size_t c = 0; c < widths_.size(); ++c) {
        draw_cell(text, c, cells_[c * rows_ + r], coloured);
      }
      text += "│\n";
    }
    draw_rule(text, "└", "┴", "┘");
    return text;
  }

private:
  void draw_rule(std::string& text, std::string_view left, std::string_view middle, std::string_view right) const {
    std::string_view joint = left;
    for (size_t width : widths_) {
      text += joint;
      for (size_t i = 0; i < width; ++i)
        text += "─";
      joint = middle;
    }
    text += right;
    text += '\n';
  }

  void draw_cell(std::string& text, size_t c, const cell& shown, bool coloured) const {
    const size_t available = widths_[c] - padding;
    text += "│ ";
    if (shown.width <= available) {
      append_painted(text, shown.text, shown.paint, coloured);
      text.append(available - shown.width + 1, ' ');
      return;
    }
    const std::string cut = cut_to(shown.text, available);
    append_painted(text, cut, shown.paint, coloured);
    text.append(available - display_width(cut) + 1, ' ');
  }

  std::span<const column> columns_;
  std::vector<size_t> widths_; ///< of the columns that are drawn: the first of columns_
  std::vector<cell> cells_;    ///< column by column
  size_t rows_ = 0;
};

} // namespace

std::string render_list(std::span<const process_row> rows, const canvas& on) {
  for (std::span<const column> layout : {std::span<const column>{full}, std::span<const column>{condensed}})
    if (table drawn{layout, rows, on}; drawn.width() <= on.columns)
      return drawn.draw(on.coloured);
  table drawn{mini, rows, on};
  drawn.squeeze_into(on.columns);
  return drawn.draw(on.coloured);
}

std::string render_mini_list(std::span<const process_row> rows, const canvas& on) {
  std::string text;
  for (const process_row& row : rows)
    fmt::format_to(std::back_inserter(text),
                   "+--- {}\n"
                   "namespace : {}\n"
                   "version : {}\n"
                   "pid : {}\n"
                   "pm2 id : {}\n"
                   "status : {}\n"
                   "mode : {}\n"
                   "restarted : {}\n"
                   "uptime : {}\n"
                   "memory usage : {}\n"
                   "error log : {}\n"
                   "watching : {}\n"
                   "PID file : {}\n\n",
                   row.name, row.name_space, shown_version(row), row.pid, row.id,
                   painted(to_string(row.status), colour_of(row.status), on.coloured), row.mode, row.restarts,
                   uptime_cell(row, on).text, memory_text(row.memory), row.error_file, row.watching ? "yes" : "no",
                   row.pid_file);
  return text;
}

} // namespace procvisor::cli
