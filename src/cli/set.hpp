#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/invocation.hpp"

namespace procvisor::cli {

/// `set`, `multiset` and `conf KEY VALUE`: all of them, or none where one is wrong.
result<exit_code> change_settings(invocation& call, const std::vector<std::pair<std::string, std::string>>& wanted);

/// `get` and `conf`: one value, or all as KEY=VALUE lines.
result<exit_code> print_settings(invocation& call, const std::string& name);

} // namespace procvisor::cli
