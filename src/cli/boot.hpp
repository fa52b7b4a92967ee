#pragma once

#include "cli/saved_list.hpp"
#include "core/result.hpp"
#include "rpc/client.hpp"

namespace procvisor::cli {

/// `resurrect --boot`, which init systems run. NOTIFY_SOCKET says that systemd is the one.

/// What was saved; nothing is no failure here.
result<saved_list> list_at_boot(const os::home& place);

/// Fails where a daemon runs that systemd has not started: it would take it for its own, and end it with the session that
/// has.
result<void> check_is_own(const rpc::client& daemon);

/// Tells systemd that the list is there, and which process is to be watched: the keeper.
result<void> tell_systemd(const rpc::client& daemon);

} // namespace procvisor::cli
