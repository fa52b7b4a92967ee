#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace procvisor::cli {

/// How many columns of a terminal a UTF-8 text fills: 2 for the wide characters of UAX #11 and emoji, 0 for combining
/// marks, 1 for everything else, also for a byte that is not UTF-8. Sequences that a terminal may draw as one glyph
/// (flags, emoji joined by U+200D) count as their parts, so that a column can only become too wide, never too narrow.
size_t display_width(std::string_view text);

/// The text itself where it fits; otherwise cut between two characters, with `…` as its last column.
std::string cut_to(std::string_view text, size_t columns);

/// The same, filled up with spaces.
std::string fit_to(std::string_view text, size_t columns);

} // namespace procvisor::cli
