#pragma once

#include <string_view>

#include "cli/invocation.hpp"
#include "cli/outcome.hpp"
#include "rpc/client.hpp"

namespace procvisor::cli {

/// Ends a command that changed something: says what was done, reports each failure, shows the list, and gives the exit
/// code. With --json the outcome is printed as data instead of the lines and the list.
result<exit_code> conclude(invocation& call, rpc::client& daemon, const outcome& what, std::string_view done_word);

} // namespace procvisor::cli
