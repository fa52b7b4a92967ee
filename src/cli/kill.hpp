#pragma once

#include "core/result.hpp"
#include "rpc/client.hpp"

namespace procvisor::cli {

/// Ends all apps and the daemon, and waits for the keeper's end; how many processes were stopped.
result<int> end_daemon(rpc::client& daemon);

} // namespace procvisor::cli
