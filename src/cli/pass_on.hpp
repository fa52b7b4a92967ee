#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "cli/invocation.hpp"
#include "rpc/client.hpp"

namespace procvisor::cli {

/// `send`, `sendSignal` and `trigger`: one request for the programs that a target means.
struct passed_on {
  rpc::client daemon; ///< that has answered
  nlohmann::json answer;
};
/// Adds the target to `params`. A target is not there where no daemon runs.
result<passed_on> pass_on(const char* method, const std::string& target, nlohmann::json params);

} // namespace procvisor::cli
