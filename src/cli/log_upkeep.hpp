#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "cli/invocation.hpp"

namespace procvisor::cli {

/// Ends a command that changed log files: reports what the recorder could not do, otherwise says that all was done.
result<exit_code> conclude_upkeep(invocation& call, const nlohmann::json& answer, std::string_view done_text);

} // namespace procvisor::cli
