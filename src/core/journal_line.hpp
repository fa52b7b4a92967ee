#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "core/process.hpp"

namespace procvisor {

enum class severity : uint8_t { debug, info, warning, error };

std::string_view to_string(severity level) noexcept;

/// One line of procvisor.log, without its newline: RFC 3339 with milliseconds and the local offset, severity,
/// `name:id`, the pid where there is one, what happened.
///
///     2026-11-24T04:05:22.123+01:00 warning web:3 pid 812: still there 1600 ms after SIGINT: sending SIGKILL
///
/// Control characters of `text` are written as `\xNN`: a line is a line, whatever an app is named. Never pass the value
/// of an environment variable.
std::string journal_line(wall_clock::time_point at, severity level, std::string_view label, pid_t pid,
                         std::string_view text);

} // namespace procvisor
