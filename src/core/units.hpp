#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace procvisor {

/// "42", "-1", "+3": the whole text is a decimal number that fits.
std::optional<int64_t> parse_integer(std::string_view text);

/// "100" and "100ms" are milliseconds; "10s", "5m", "1h". Whole numbers, not negative, up to 2^31 - 1 milliseconds (24
/// days, as far as Node's timers go).
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
inline constexpr std::chrono::milliseconds max_duration{INT32_MAX};

/// "1024" is bytes; K, M and G are powers of 1024.
std::optional<uint64_t> parse_bytes(std::string_view text);

} // namespace procvisor
