#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace procvisor::keeper {

/// What a keeper writes to its ready pipe before it closes it: the exit code as one byte (done: it listens), then what
/// went wrong, a newline and the hint.
std::string encode_ready(const result<void>& started);

/// The other way round. No text at all: the keeper died before it could say anything.
result<void> decode_ready(std::string_view text);

} // namespace procvisor::keeper
