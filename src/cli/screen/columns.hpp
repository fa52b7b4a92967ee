#pragma once

#include <optional>
#include <vector>

#include "cli/screen/process_table.hpp"

namespace procvisor::cli {

struct table_column {
  sort_column what = sort_column::id;
  int x = 0;
  int width = 0;
  bool is_right = false; ///< aligned to the right, as numbers are
};

/// Those that a table of this width has; the name takes what the others leave.
std::vector<table_column> columns_for(int width);

/// nullopt: between two.
std::optional<sort_column> column_at(int width, int x);

} // namespace procvisor::cli
