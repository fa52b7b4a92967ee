#pragma once

#include "config/load.hpp"
#include "core/result.hpp"

namespace procvisor::cli {

/// Fails where the repository in the working directory has what a server that fetches would not get.
result<void> check_local_repository(const config::caller& who);

} // namespace procvisor::cli
