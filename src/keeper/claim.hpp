#pragma once

#include "core/result.hpp"
#include "os/home.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::keeper {

/// A home belongs to one keeper: the one that has the flock on procvisor.pid. Whatever an earlier one left behind is
/// replaced.
struct claim {
  os::unique_fd pid_file;     ///< the lock goes when this closes
  os::unique_fd listening;    ///< procvisor.sock, non-blocking
  bool is_after_loss = false; ///< a keeper had the home that has not ended in order
};

/// Fails with unreachable where another keeper has the home. Waits (at most 0.5 s) for one that is about to end.
result<claim> claim_home(const os::home& place);

/// For one that has the socket already.
result<claim> claim_home(const os::home& place, os::unique_fd listening);

/// Whether a keeper that had the home has not ended in order, and no other one has it: what abandon_home would have
/// removed is still there.
bool is_left_behind(const os::home& place);

/// Removes both files; before the lock goes, so that a successor never loses its own.
void abandon_home(const os::home& place);

} // namespace procvisor::keeper
