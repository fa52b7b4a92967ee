#pragma once

#include <string>

#include "core/result.hpp"

namespace procvisor::os {

/// Where everything lives: $PROCVISOR_HOME, else ~/.procvisor. Absolute paths.
struct home {
  std::string path;
  std::string socket;     ///< procvisor.sock: clients come here
  std::string pid_file;   ///< procvisor.pid: the keeper's pid; the keeper holds a flock on it
  std::string start_lock; ///< procvisor.lock: held by a client while it starts the keeper
  std::string daemon_log; ///< procvisor.log
  std::string state;      ///< state.json
  std::string dump;       ///< dump.json
  std::string options;
  std::string logs; ///< folder
  std::string pids; ///< folder
};

/// The variable that names the home.
inline constexpr const char* home_variable = "PROCVISOR_HOME";

/// The home at `path` (made absolute by the working directory). Looks at no file. Fails with usage where the socket's
/// path would be longer than unix(7) takes.
result<home> home_at(std::string path);

/// The home that the environment names. Fails with usage where neither PROCVISOR_HOME nor HOME is set.
result<home> find_home();

/// Creates the home and its folders where they are missing; all become 0700 whatever the umask. Fails with usage where
/// one home is no folder, belongs to someone else, is writable by others or cannot be written.
result<void> prepare_home(const home& place);

} // namespace procvisor::os
