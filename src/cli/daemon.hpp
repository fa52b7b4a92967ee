#pragma once

#include <optional>

#include "core/result.hpp"
#include "rpc/client.hpp"

namespace procvisor::cli {

/// The daemon of this user's home; nullopt: none runs. Where one was killed together with its keeper, and apps may have
/// survived them, another one is started, and what it has taken back is said on stderr.
result<std::optional<rpc::client>> find_daemon();

/// The same, and starts one where none runs.
result<rpc::client> start_daemon();

} // namespace procvisor::cli
