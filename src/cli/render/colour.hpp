#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace procvisor::cli {

enum class colour : uint8_t { plain, red, green, yellow, blue, bold, bold_cyan, inverse };

/// The text in a colour (ECMA-48, SGR); unchanged where `coloured` is false.
std::string painted(std::string_view text, colour c, bool coloured);

/// The same, behind what `out` has: a list of a thousand paints 13,000 cells.
void append_painted(std::string& out, std::string_view text, colour c, bool coloured);

} // namespace procvisor::cli
