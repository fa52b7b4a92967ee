#include "core/signal_name.hpp"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstring>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "core/suggest.hpp"
#include "core/text.hpp"
#include "core/units.hpp"

namespace procvisor {

namespace {

constexpr int most_named = 31;

struct other_name {
  std::string_view name;
  int number;
};
constexpr other_name other_names[] = {{"IOT", SIGABRT}, {"CLD", SIGCHLD}, {"IO", SIGPOLL}};

/// RTMIN, RTMIN+n, RTMAX-n, RTMAX
std::optional<int> real_time_signal(std::string_view name) {
  const bool from_first = name.starts_with("RTMIN");
  if (!from_first && !name.starts_with("RTMAX"))
    return std::nullopt;
  const auto rest = name.substr(5);
  int64_t offset = 0;
  if (!rest.empty()) {
    const auto distance = parse_integer(rest.substr(1));
    if (rest[0] != (from_first ? '+' : '-') || !distance || *distance < 0 || *distance > SIGRTMAX - SIGRTMIN)
      return std::nullopt;
    offset = *distance;
  }
  return from_first ? SIGRTMIN + static_cast<int>(offset) : SIGRTMAX - static_cast<int>(offset);
}

std::optional<int> find_signal(std::string_view name) {
  for (int number = 1; number <= most_named; ++number)
    if (const char* known = ::sigabbrev_np(number); known != nullptr && name == known)
      return number;
  for (const auto& other : other_names)
    if (name == other.name)
      return other.number;
  return real_time_signal(name);
}

} // namespace

result<int> parse_signal(std::string_view text) {
  std::string name{text};
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (const auto number = parse_integer(name)) {
    if (*number >= 1 && *number <= SIGRTMAX)
      return static_cast<int>(*number);
    return fail(exit_code::usage,
                fmt::format("there is no signal {}: they have the numbers 1 to {}", *number, SIGRTMAX));
  }
  const bool is_long = name.starts_with("SIG");
  if (const auto number = find_signal(is_long ? std::string_view{name}.substr(3) : name))
    return *number;

  std::vector<std::string> known;
  for (int number = 1; number <= most_named; ++number)
    if (const char* abbreviated = ::sigabbrev_np(number))
      known.push_back(is_long ? fmt::format("SIG{}", abbreviated) : abbreviated);
  return fail(exit_code::usage, fmt::format("there is no signal {}", in_quotes(text)),
              did_you_mean(name, {known.begin(), known.end()}));
}

std::string signal_name(int number) {
  if (const char* abbreviated = ::sigabbrev_np(number))
    return fmt::format("SIG{}", abbreviated);
  return fmt::format("signal {}", number);
}

} // namespace procvisor
