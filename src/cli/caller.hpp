#pragma once

#include <string>
#include <vector>

#include "config/load.hpp"
#include "core/app_spec.hpp"
#include "core/result.hpp"

namespace procvisor::cli {

/// Where this command runs: working directory, PATH and HOME.
result<config::caller> find_caller();

struct caller_environment {
  environment variables;
  std::vector<std::string> left_out; ///< names of variables that JSON cannot carry: they are not UTF-8
};

/// What apps inherit of this command's environment: everything but procvisor's own variables.
caller_environment read_environment(const char* const* variables);

/// Standard input to its end. Fails with usage above rpc::max_message_bytes.
result<std::string> read_standard_input();

} // namespace procvisor::cli
