#pragma once

#include <cstdint>

#include "cli/outcome.hpp"
#include "config/load.hpp"
#include "core/app_spec.hpp"
#include "rpc/client.hpp"

namespace procvisor::cli {

/// What becomes of an app of which a process with that name and script runs already. (Apps that are forced are added in
/// any case.) The words are those of the wire.
inline constexpr const char* restart_running = "restart";
inline constexpr const char* reload_running = "reload";
inline constexpr const char* refuse_running = "refuse";

/// What apps inherit of this process's environment.
environment inherited_environment();

/// The `update_env` of the wire.
inline constexpr const char* update_env_option = "-a,--update-env,--update_env";
inline constexpr const char* update_env_help = "give what is in the list already this command's environment";

/// The `wait` of the wire, for `--no-wait`.
inline constexpr const char* no_wait_option = "--no-wait,--no_wait";
inline constexpr const char* no_wait_help = "do not wait for the processes to show that they run";

/// Whether what runs already gets the environment of this command, and whether the answer waits until it runs.
struct launch_manner {
  bool updates_env = false;
  bool waits = true;
  bool is_graceful = false; ///< of a reload: by the message 'shutdown' first
  int64_t parallel = 1;     ///< of a reload: so many processes at a time
};

/// Sends apps to the daemon and adds what came of them to `reached`; an error of a whole request counts as a failure of
/// `target`, as which they were typed. False: something failed, so that what comes behind it should not be tried.
bool launch(rpc::client& daemon, const std::string& target, const config::loaded& apps, const environment& inherited,
            const char* when_running, launch_manner manner, outcome& reached);

} // namespace procvisor::cli
