#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "rpc/process_row.hpp"

namespace procvisor::cli {

/// What one thing has used, the newest last, for a graph.
struct usage_history {
  static constexpr size_t most = 240; ///< graphs have two samples in a column

  std::vector<float> cpu;    ///< percent of one core
  std::vector<float> memory; ///< bytes

  void add(double cpu_percent, double memory_bytes);
};

/// The histories of all processes of a list, so that one that is selected has a past.
class usage_histories {
public:
  void add(const std::vector<rpc::process_row>& rows);

  /// nullptr: nothing is known of it.
  const usage_history* of(int64_t id) const;

private:
  std::unordered_map<int64_t, usage_history> by_id_;
};

/// The points of a graph as FTXUI draws it, in half cells, the newest at the right: `width` of them, the lowest line is
/// 0, `most` the highest. Nothing is -1; what is more than nothing has its line.
std::vector<int> graph_points(const std::vector<float>& samples, double most, int width, int height);

/// The end of a graph's scale: the first of 1, 2, 5, 10, 20, ... that is not below the highest sample, and not below
/// `least`. For bytes the steps are powers of two.
double percent_scale(const std::vector<float>& samples, double least);
double bytes_scale(const std::vector<float>& samples, double least);

} // namespace procvisor::cli
