#include "os/host_usage.hpp"

#include <array>
#include <charconv>
#include <cstdlib>

#include "os/text_file.hpp"

namespace procvisor::os {

namespace {

constexpr size_t most_bytes = 1U << 20U;

/// Moves `text` behind the number that it begins with, spaces before it included.
std::optional<uint64_t> take_number(std::string_view& text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{})
    return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

std::optional<uint64_t> kibibytes_behind(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  if (at == std::string_view::npos)
    return std::nullopt;
  text.remove_prefix(at + name.size());
  return take_number(text);
}

} // namespace

std::optional<cpu_ticks> parse_cpu_ticks(std::string_view text) {
  constexpr std::string_view name = "cpu ";
  if (!text.starts_with(name))
    return std::nullopt;
  text.remove_prefix(name.size());
  cpu_ticks made;
  constexpr int idle = 3;
  constexpr int io_wait = 4;
  constexpr int counted = 8; // what guests use is part of the first two
  for (int column = 0; column < counted; ++column) {
    const auto ticks = take_number(text);
    if (!ticks)
      return column > idle ? std::optional{made} : std::nullopt;
    made.all += *ticks;
    made.busy += column == idle || column == io_wait ? 0 : *ticks;
  }
  return made;
}

std::optional<memory_amounts> parse_meminfo(std::string_view text) {
  const auto total = kibibytes_behind(text, "MemTotal:");
  const auto available = kibibytes_behind(text, "MemAvailable:");
  if (!total || !available)
    return std::nullopt;
  return memory_amounts{*total << 10U, *available << 10U};
}

host_usage host_meter::look() {
  host_usage seen;
  const auto stat = read_text_file("/proc/stat", most_bytes);
  if (const auto ticks = stat ? parse_cpu_ticks(*stat) : std::nullopt) {
    const auto all = ticks->all - last_.all;
    if (last_.all > 0 && all > 0)
      seen.cpu = 100.0 * static_cast<double>(ticks->busy - last_.busy) / static_cast<double>(all);
    last_ = *ticks;
  }
  const auto meminfo = read_text_file("/proc/meminfo", most_bytes);
  if (const auto memory = meminfo ? parse_meminfo(*meminfo) : std::nullopt) {
    seen.memory = memory->total - memory->available;
    seen.memory_total = memory->total;
  }
  std::array<double, 1> load{};
  if (::getloadavg(load.data(), 1) == 1)
    seen.load = load[0];
  return seen;
}

} // namespace procvisor::os
