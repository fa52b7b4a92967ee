#include "core/journal_line.hpp"

#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace procvisor {

std::string_view to_string(severity level) noexcept {
  switch (level) {
    case severity::debug:
      return "debug";
    case severity::info:
      return "info";
    case severity::warning:
      return "warning";
    case severity::error:
      return "error";
  }
  return "";
}

std::string journal_line(wall_clock::time_point at, severity level, std::string_view label, pid_t pid,
                         std::string_view text) {
  using namespace std::chrono;
  const auto seconds_part = wall_clock::to_time_t(at);
  const auto milliseconds_part = duration_cast<milliseconds>(at.time_since_epoch()).count() % 1000;
  std::tm local{};
  localtime_r(&seconds_part, &local);
  const auto offset = local.tm_gmtoff / 60;

  fmt::memory_buffer line;
  auto out = std::back_inserter(line);
  fmt::format_to(out, "{:%Y-%m-%dT%H:%M:%S}.{:03}{}{:02}:{:02} {} {}", local, milliseconds_part, offset < 0 ? '-' : '+',
                 std::abs(offset) / 60, std::abs(offset) % 60, to_string(level), label);
  if (pid > 0)
    fmt::format_to(out, " pid {}", pid);
  fmt::format_to(out, ": ");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      fmt::format_to(out, "\\x{:02x}", static_cast<unsigned char>(c));
    else
      line.push_back(c);
  }
  return fmt::to_string(line);
}

} // namespace procvisor
