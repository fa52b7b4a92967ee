#pragma once

namespace procvisor::recorder {

/// `procvisor recorder`: writes what the apps and the daemon have to say, until the keeper is gone or says so. Returns
/// the exit status of the process. `keeper_fd`: its socket to the keeper (keeper/wire.hpp).
int run_recorder(int keeper_fd);

} // namespace procvisor::recorder
