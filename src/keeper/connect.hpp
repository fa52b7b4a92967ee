#pragma once

#include "core/result.hpp"
#include "keeper/keeper.hpp"
#include "os/home.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::keeper {

/// A connection to the daemon (SOCK_STREAM, blocking, close-on-exec). An empty descriptor: nothing runs at this home.
/// While the daemon is being replaced the connection waits in the backlog that the keeper holds, so it may be a while
/// until something answers. Fails where the socket is another user's.
result<os::unique_fd> connect(const os::home& place);

/// The same, and starts a keeper where none runs: in a session of its own, in /, with this process's environment. Two
/// callers at once start one keeper. Prepares the home. Blocks until the keeper listens; passes on why it does not.
result<os::unique_fd> connect_or_start(const os::home& place, const char* program = this_program);

/// A pidfd of the keeper at the other end of such a connection, readable when it is gone. Empty: it is gone already.
os::unique_fd keeper_pidfd(int connection);

} // namespace procvisor::keeper
