#pragma once

#include <optional>

#include "core/result.hpp"
#include "rpc/client.hpp"

namespace procvisor::cli {

/// The daemon of this user's home; nullopt: none runs.
result<std::optional<rpc::client>> find_daemon();

/// The same, and starts one where none runs.
result<rpc::client> start_daemon();

} // namespace procvisor::cli
