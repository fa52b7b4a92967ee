#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace procvisor::config {

/// Both from 1, columns in characters; line 0: not known (what node evaluated, a command line).
struct text_position {
  uint32_t line = 0;
  uint32_t column = 0;
  auto operator<=>(const text_position&) const = default;
};

/// Where a value and its parts stand in the text: `parts` are the items of a list, or the members of an object, in
/// the value's own order.
struct source_map {
  text_position key; ///< of the member's name, where the value is a member
  text_position value;
  std::vector<source_map> parts;
};

/// Members keep the order of the file: env values that are objects become JSON text as written.
using json_value = nlohmann::ordered_json;

/// A file as it was read, whatever its format: the values, and the place of each one.
struct document {
  json_value root;
  source_map where;
};

/// Deeper nesting is refused, so that no reader and nobody who walks a document runs out of stack.
inline constexpr int max_depth = 64;

} // namespace procvisor::config
