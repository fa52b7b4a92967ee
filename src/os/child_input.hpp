#pragma once

#include <sys/types.h>

#include <string_view>

#include "core/result.hpp"

namespace procvisor::os {

/// What a pipe takes at most, and so the longest text for write_input().
inline constexpr size_t max_input_bytes = 65536;

/// Writes a text to the stdin that spawn gave a child (make_input_pipe), all of it or, where it is longer than 4 KiB and
/// the pipe nearly full, what has room: the error says how much that was. Never waits. The caller vouches for the pid: it
/// is running, or a zombie that nobody has reaped. A stdin that the program has replaced is refused.
result<void> write_input(pid_t pid, std::string_view text);

} // namespace procvisor::os
