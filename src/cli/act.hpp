#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "cli/invocation.hpp"

namespace procvisor::cli {

/// `stop` (which also has --watch) and `delete`: one request for all targets. Apps of a file are named one by one, and those that are not there
/// are passed over.
result<exit_code> act_on_targets(invocation& call, const char* method, std::string_view done_word);

/// What `method` says of the one target of a verb.
result<nlohmann::json> ask_about(const std::string& target, const char* method);

/// What a daemon without processes answers to a target.
tl::unexpected<error> nothing_there(std::string_view target);

} // namespace procvisor::cli
