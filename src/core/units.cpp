#include "core/units.hpp"

#include <charconv>
#include <limits>
#include <span>

namespace procvisor {

namespace {

struct unit {
  std::string_view suffix;
  uint64_t factor;
};

/// Digits and then one of the units; the product is at most `limit`.
std::optional<uint64_t> parse_with_unit(std::string_view text, std::span<const unit> units, uint64_t limit) {
  uint64_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{})
    return std::nullopt;
  const std::string_view suffix(rest, static_cast<size_t>(text.data() + text.size() - rest));
  for (const auto& [name, factor] : units)
    if (suffix == name)
      return number <= limit / factor ? std::optional(number * factor) : std::nullopt;
  return std::nullopt;
}

constexpr unit time_units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr unit size_units[] = {{"", 1}, {"K", 1ULL << 10}, {"M", 1ULL << 20}, {"G", 1ULL << 30}};

} // namespace

std::optional<int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-"))
    text.remove_prefix(1);
  int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{} || rest != end)
    return std::nullopt;
  return number;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto number = parse_with_unit(text, time_units, static_cast<uint64_t>(max_duration.count()));
  if (!number)
    return std::nullopt;
  return std::chrono::milliseconds(*number);
}

std::optional<uint64_t> parse_bytes(std::string_view text) {
  return parse_with_unit(text, size_units, std::numeric_limits<int64_t>::max());
}

} // namespace procvisor
