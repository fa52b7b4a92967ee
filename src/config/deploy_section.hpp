#pragma once

#include <string>

#include "config/document.hpp"
#include "config/problems.hpp"
#include "core/deploy_target.hpp"

namespace procvisor::config {

/// One environment of a file's `deploy`.
deploy_target declare_deploy_target(const std::string& name, const json_value& value, const source_map& where,
                                    problem_list& problems);

} // namespace procvisor::config
