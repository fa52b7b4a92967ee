#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include "rpc/process_row.hpp"

namespace procvisor::cli {

/// What a table is drawn for.
struct canvas {
  size_t columns = 0; ///< of the terminal
  bool coloured = false;
  std::chrono::milliseconds now{}; ///< since the epoch, for the uptimes
};

/// The processes in the order given, as PM2 draws them: the widest of its three layouts that fits, and in a terminal
/// narrower than the third, columns are left out from the right and the name is cut. Ends with a newline.
std::string render_list(std::span<const rpc::process_row> rows, const canvas& on);

/// PM2's `list -m`: a block of `key : value` lines for each process.
std::string render_mini_list(std::span<const rpc::process_row> rows, const canvas& on);

} // namespace procvisor::cli
