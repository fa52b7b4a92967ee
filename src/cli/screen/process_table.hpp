#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rpc/process_row.hpp"

namespace procvisor::cli {

enum class sort_column : uint8_t { id, name, mode, restarts, status, uptime, cpu, memory };
inline constexpr int sort_columns = 8;

std::string_view to_string(sort_column column);

/// The id of procvisor.log where it stands among the processes, as on the wire.
inline constexpr int64_t journal_id = -1;

/// A line of the table: a process, by its place among the rows, or the heading of a namespace.
struct namespace_line {
  std::string name;
  size_t processes = 0; ///< that the filter lets through
  size_t online = 0;
  double cpu = 0;
  int64_t memory = 0;
  bool is_folded = false;
};
using table_line = std::variant<size_t, namespace_line>;

/// What is selected, by what it is: it stays selected however the lines move.
struct selection {
  std::string name_space; ///< of a heading; empty: a process
  int64_t id = 0;

  bool operator==(const selection&) const = default;
};

/// How the list is looked at.
struct table_view {
  sort_column sort = sort_column::id;
  bool is_reversed = false;
  std::string filter = {}; ///< a part of a name, a namespace, a status or an id
  std::set<std::string> folded = {};
  std::optional<selection> selected = {};
  int first = 0; ///< the line at the top
};

/// The lines that the view lets through, in its order. Headings stand where there is more than one namespace.
std::vector<table_line> table_lines(std::span<const rpc::process_row> rows, const table_view& view);

selection selection_of(const table_line& line, std::span<const rpc::process_row> rows);

/// Selects another line, so many further down, and stays within the table.
void move_selection(table_view& view, std::span<const table_line> lines, std::span<const rpc::process_row> rows,
                    int by);

/// After the rows or the view have changed: what is selected is in the table, the nearest line to where it was, and
/// visible in `height` lines.
void settle_selection(table_view& view, std::span<const table_line> lines, std::span<const rpc::process_row> rows,
                      int height);

/// Where the selected line is; nullopt: the table is empty.
std::optional<size_t> selected_line(const table_view& view, std::span<const table_line> lines,
                                    std::span<const rpc::process_row> rows);

} // namespace procvisor::cli
