/// The list of processes, drawn.
#include <algorithm>

#include <fmt/format.h>

#include "cli/render/amounts.hpp"
#include "cli/render/text_width.hpp"
#include "cli/screen/columns.hpp"
#include "cli/screen/view.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

using namespace ftxui;

namespace {

Color colour_of(process_status status) {
  switch (status) {
    case process_status::online:
      return Color::Green;
    case process_status::launching:
    case process_status::waiting_restart:
    case process_status::stopping:
      return Color::Yellow;
    case process_status::stopped:
      return Color::GrayDark;
    case process_status::errored:
      return Color::Red;
  }
  return {};
}

/// The longest of PM2's words is wider than the column.
std::string_view short_status(process_status status) {
  return status == process_status::waiting_restart ? "waiting" : to_string(status);
}

std::string cell_text(const rpc::process_row& row, sort_column column, std::chrono::milliseconds now) {
  switch (column) {
    case sort_column::id:
      return std::to_string(row.id);
    case sort_column::name:
      return printable(row.name);
    case sort_column::mode:
      return row.mode;
    case sort_column::restarts:
      return std::to_string(row.restarts);
    case sort_column::status:
      return std::string{short_status(row.status)};
    case sort_column::uptime:
      return row.pid == 0 ? "-" : uptime_text(rpc::uptime_of(row, now));
    case sort_column::cpu:
      return row.pid == 0 ? "-" : fmt::format("{:.1f}%", row.cpu);
    case sort_column::memory:
      return row.pid == 0 ? "-" : memory_text(row.memory);
  }
  return {};
}

/// In the narrow list beside a log: a mark in the colour of the status, and the name.
Element narrow_line(const rpc::process_row& row, int width) {
  if (row.id == journal_id)
    return cell("  " + row.name, width);
  const auto id = fmt::format("{:>3} ", row.id);
  return hbox({text(row.status == process_status::online ? "● " : "○ ") | color(colour_of(row.status)), text(id) | dim,
               cell(printable(row.name), width - 2 - static_cast<int>(id.size()))});
}

Element process_line(const rpc::process_row& row, const area& where, std::chrono::milliseconds now) {
  Elements cells;
  for (const auto& column : columns_for(where.width)) {
    auto one = cell(cell_text(row, column.what, now), column.width, column.is_right);
    if (column.what == sort_column::status)
      one = one | color(colour_of(row.status));
    else if (row.pid == 0 && column.what != sort_column::name)
      one = one | dim;
    if (!cells.empty())
      cells.push_back(text(" "));
    cells.push_back(one);
  }
  return hbox(std::move(cells));
}

/// What a column says of all processes of a namespace.
std::string sum_text(const namespace_line& heading, sort_column column) {
  switch (column) {
    case sort_column::status:
      return fmt::format("{}/{}", heading.online, heading.processes);
    case sort_column::cpu:
      return fmt::format("{:.1f}%", heading.cpu);
    case sort_column::memory:
      return memory_text(heading.memory);
    case sort_column::id:
    case sort_column::name:
    case sort_column::mode:
    case sort_column::restarts:
    case sort_column::uptime:
      return {};
  }
  return {};
}

/// Its name over the first two columns, and sums in those that have some.
Element heading_line(const namespace_line& heading, int width, page_kind page) {
  const auto name =
      fmt::format("{} {} ({})", heading.is_folded ? "▸" : "▾", printable(heading.name), heading.processes);
  if (page == page_kind::log)
    return cell(name, width) | bold;
  Elements cells;
  for (const auto& column : columns_for(width)) {
    if (column.what == sort_column::id)
      continue;
    if (column.what == sort_column::name) {
      cells.push_back(cell(name, column.x + column.width) | bold);
      continue;
    }
    cells.push_back(text(" "));
    cells.push_back(cell(sum_text(heading, column.what), column.width, column.is_right));
  }
  return hbox(std::move(cells));
}

Element line_of(const monitor& state, const table_line& line, const area& where) {
  if (const auto* heading = std::get_if<namespace_line>(&line))
    return heading_line(*heading, where.width, state.page);
  const auto& row = state.list.processes[std::get<size_t>(line)];
  return state.page == page_kind::log ? narrow_line(row, where.width) : process_line(row, where, state.now);
}

} // namespace

Element table_head(const monitor& state, const area& where) {
  if (state.page == page_kind::log)
    return cell("      name", where.width) | bold;
  Elements cells;
  for (const auto& column : columns_for(where.width)) {
    auto name = std::string{column.what == sort_column::restarts ? "restart" : to_string(column.what)};
    const bool is_sorted = column.what == state.table.sort;
    if (is_sorted)
      name += state.table.is_reversed ? "▴" : "▾";
    if (!cells.empty())
      cells.push_back(text(" "));
    const auto one = cell(name, column.width, column.is_right) | bold;
    cells.push_back(is_sorted ? one | color(Color::Cyan) : one);
  }
  return hbox(std::move(cells));
}

Element table_body(const monitor& state, const area& where) {
  const auto lines = state.table_lines();
  Elements drawn;
  for (int i = 0; i < where.height; ++i) {
    const auto at = static_cast<size_t>(state.table.first + i);
    if (at >= lines.size())
      break;
    auto one = line_of(state, lines[at], where);
    if (state.table.selected == selection_of(lines[at], state.list.processes))
      one = one | inverted;
    drawn.push_back(one);
  }
  if (lines.empty())
    drawn.push_back(text(fit_to(state.list.processes.empty() ? "no process" : "nothing matches the filter",
                                static_cast<size_t>(where.width)))
                    | dim);
  return vbox(std::move(drawn));
}

} // namespace procvisor::cli
