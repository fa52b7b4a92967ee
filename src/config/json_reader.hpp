#pragma once

#include <string_view>

#include "config/document.hpp"
#include "core/result.hpp"

namespace procvisor::config {

/// JSON as ecosystem files have it: comments, single quotes, unquoted keys, trailing commas, JavaScript's numbers and
/// escapes. No expressions. A member that is given twice is an error. `file` is for messages.
result<document> read_json(std::string_view text, std::string_view file);

} // namespace procvisor::config
