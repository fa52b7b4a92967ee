#pragma once

#include <string>

#include "config/load.hpp"
#include "core/app_spec.hpp"
#include "core/result.hpp"

namespace procvisor::cli {

/// Where this command runs: working directory, PATH and HOME.
result<config::caller> find_caller();

/// What apps inherit of this command's environment: everything but procvisor's own variables. Within an app of procvisor
/// those are also the ones by which that app knows itself.
environment read_environment(const char* const* variables);

/// Standard input to its end. Fails with usage above rpc::max_message_bytes.
result<std::string> read_standard_input();

} // namespace procvisor::cli
