#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace procvisor {

/// Arguments, paths and variables of a process are bytes without NUL, and JSON carries Unicode only. On the wire and in
/// state files a byte that is no part of UTF-8 is therefore written as NUL and two hexadecimal digits, "\u0000ff" in
/// JSON: none of those texts has a NUL of its own.
std::string to_wire_text(std::string_view bytes);

/// nullopt: a NUL without the two digits.
std::optional<std::string> from_wire_text(std::string_view text);

} // namespace procvisor
