#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace procvisor::cli {

/// A notification of `events` or `logs` as one line for a person: "2026-11-22T14:24:30.123Z  exit  web:0  exit code 1
/// after 5.1 s", or several where a crash comes with its last words. Empty: it is none of what is shown.
std::string event_line(const nlohmann::json& notification, bool coloured);

} // namespace procvisor::cli
