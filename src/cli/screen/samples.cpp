#include "cli/screen/samples.hpp"

#include <algorithm>
#include <cmath>

namespace procvisor::cli {

namespace {

void append(std::vector<float>& to, double value) {
  if (to.size() == usage_history::most)
    to.erase(to.begin());
  to.push_back(static_cast<float>(value));
}

double highest_of(const std::vector<float>& samples, double least) {
  return samples.empty() ? least : std::max<double>(least, *std::max_element(samples.begin(), samples.end()));
}

} // namespace

void usage_history::add(double cpu_percent, double memory_bytes) {
  append(cpu, cpu_percent);
  append(memory, memory_bytes);
}

void usage_histories::add(const std::vector<rpc::process_row>& rows) {
  for (const auto& row : rows)
    by_id_[row.id].add(row.cpu, static_cast<double>(row.memory));
  if (by_id_.size() == rows.size())
    return;
  std::unordered_map<int64_t, usage_history> kept;
  for (const auto& row : rows)
    kept.emplace(row.id, std::move(by_id_[row.id]));
  by_id_ = std::move(kept);
}

const usage_history* usage_histories::of(int64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

std::vector<int> graph_points(const std::vector<float>& samples, double most, int width, int height) {
  std::vector<int> points(static_cast<size_t>(width), -1);
  const auto count = std::min(points.size(), samples.size());
  for (size_t i = 0; i < count; ++i) {
    const double value = samples[samples.size() - count + i];
    if (value > 0 && most > 0)
      points[points.size() - count + i] =
          std::clamp(static_cast<int>(std::lround(value / most * height)), 1, height) - 1;
  }
  return points;
}

double percent_scale(const std::vector<float>& samples, double least) {
  const double highest = highest_of(samples, least);
  double step = 1;
  while (step < highest) {
    if (2 * step >= highest)
      return 2 * step;
    if (5 * step >= highest)
      return 5 * step;
    step *= 10;
  }
  return step;
}

double bytes_scale(const std::vector<float>& samples, double least) {
  double step = 1;
  for (const double highest = highest_of(samples, least); step < highest;)
    step *= 2;
  return step;
}

} // namespace procvisor::cli
