#pragma once

#include "os/home.hpp"

namespace procvisor::keeper {

/// What the keeper starts: itself under another name, or a test's program.
inline constexpr const char* this_program = "/proc/self/exe";

/// Descriptor on which a started keeper says whether it listens (connect_or_start passes it).
inline constexpr int ready_fd = 3;

/// With this in the environment, daemon and recorder keep the keeper's stderr, which otherwise is /dev/null, and
/// procvisor.log has more lines.
inline constexpr const char* debug_variable = "PROCVISOR_DEBUG";

/// Set by `procvisor runtime` for what it starts: neither state nor journal is written to a file.
inline constexpr const char* traceless_variable = "PROCVISOR_TRACELESS";

/// `procvisor takes-over`: whether this program can go on from the keeper that asks. As descriptor 3 it is given what it
/// would take over (keeper/inheritance.hpp), as descriptor 0 the daemon's state. 0, or 1 with the reason on stderr.
int run_check();

/// `procvisor keeper`: returns the exit status of the process, which is 0 only after `kill`. `ready` is told when the
/// keeper listens, or why it cannot (keeper/ready); then it is closed. `program` is executed as `procvisor daemon` and
/// `procvisor recorder`, with the keeper's socket as keeper_fd.
int run_keeper(const os::home& place, int ready = ready_fd, const char* program = this_program);

} // namespace procvisor::keeper
