#include "cli/screen/columns.hpp"

#include <algorithm>
#include <array>

namespace procvisor::cli {

namespace {

struct column_rule {
  sort_column what;
  int width;      ///< 0: the rest
  int from_width; ///< of the table: in a narrower one it is left out
  bool is_right;
};

constexpr std::array rules = std::to_array<column_rule>({
    {sort_column::id, 4, 0, true},
    {sort_column::name, 0, 0, false},
    {sort_column::mode, 7, 74, false},
    {sort_column::restarts, 8, 66, true},
    {sort_column::status, 10, 30, false},
    {sort_column::uptime, 6, 52, true},
    {sort_column::cpu, 6, 40, true},
    {sort_column::memory, 8, 40, true},
});

} // namespace

std::vector<table_column> columns_for(int width) {
  std::vector<table_column> columns;
  int rest = width;
  for (const auto& rule : rules) {
    if (width < rule.from_width)
      continue;
    columns.push_back({rule.what, 0, rule.width, rule.is_right});
    rest -= rule.width + 1;
  }
  int x = 0;
  for (auto& column : columns) {
    if (column.what == sort_column::name)
      column.width = std::max(rest + 1, 1); // no gap behind the last column
    column.x = x;
    x += column.width + 1;
  }
  return columns;
}

std::optional<sort_column> column_at(int width, int x) {
  const auto columns = columns_for(width);
  const auto found =
      std::ranges::find_if(columns, [x](const table_column& c) { return x >= c.x && x < c.x + c.width; });
  return found == columns.end() ? std::nullopt : std::optional{found->what};
}

} // namespace procvisor::cli
