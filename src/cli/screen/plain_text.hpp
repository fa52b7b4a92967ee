#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace procvisor::cli {

/// A line of a log for a screen of cells: without the escape sequences of terminals, tabs as spaces, of what carriage
/// returns overwrite the last part, and every other control character and every byte that is no UTF-8 as \xNN.
std::string plain_text(std::string_view line);

/// A part of a line, in bytes.
struct text_span {
  size_t begin = 0;
  size_t end = 0;

  bool operator==(const text_span&) const = default;
};

/// Where `wanted` is in a text. A text to look for without capitals is found in capitals, too (ASCII).
std::vector<text_span> occurrences(std::string_view text, std::string_view wanted);

/// Whether capitals make a difference.
bool is_exact(std::string_view wanted);

/// The text from so many columns on.
std::string_view from_column(std::string_view text, size_t columns);

} // namespace procvisor::cli
