#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cluster_policy.hpp"
#include "core/log_format.hpp"
#include "core/log_rotation.hpp"
#include "core/restart_choice.hpp"
#include "core/stop_stages.hpp"

namespace procvisor {

/// Variables by name. Ordered, so that two equal environments are equal byte for byte.
using environment = std::map<std::string, std::string>;

/// One more log file, for both streams.
struct combined_log {
  bool wanted = false;
  std::string path = {}; ///< empty: the default name

  bool operator==(const combined_log&) const = default;
};

/// Which of the caller's variables an app does not get. What its own `env` says it gets in any case.
struct environment_filter {
  bool everything = false;
  std::string name;               ///< this one
  std::vector<std::string> parts; ///< all whose names contain one of these

  bool holds_back(std::string_view variable) const;

  bool operator==(const environment_filter&) const = default;
};

/// Which files an app is restarted for when they change.
struct watch_choice {
  bool wanted = false;
  std::vector<std::string> paths = {}; ///< files and folders with all that is below; none: the working directory. They
                                       ///< are kept while it is not wanted

  bool operator==(const watch_choice&) const = default;
};

/// What the user declared of one app, resolved: paths are absolute, the interpreter is found, `env_<name>` is merged
/// into `env`. The client makes it from a file or a command line (src/config); the daemon keeps it and never sees the
/// file. Each member is named by one row of core/option_table, which gives its key, type, unit and default.
struct app_spec {
  // -- identity
  std::string name;
  std::string name_space = "default";
  std::string user_name; ///< whose processes these are: the caller, or the user of uid
  std::string version;   ///< of the nearest package.json; empty: there is none

  // -- what runs
  std::string exec_path; ///< absolute path of the script or program
  std::string cwd;       ///< absolute
  std::vector<std::string> args;
  std::string interpreter;            ///< "node", "bash" ... as declared or by extension; "none": exec_path is executed
  std::string interpreter_path;       ///< absolute path found in PATH; empty for "none"
  std::string node_version;           ///< "20.1.0", where that is node and has told it
  std::vector<std::string> node_args; ///< before the script
  environment env;                    ///< env merged with env_<name>; the caller's environment is kept apart from it
  std::map<std::string, environment> named_envs; ///< each env_<name>, by name, to be looked at
  environment_filter filter_env;
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;

  // -- how many
  int instances = 1;            ///< >= 1, already resolved from max, 0 and negative numbers
  bool instances_given = false; ///< the key was there: log and pid names carry the process id
  bool is_cluster = false;      ///< a node app whose processes serve the same ports (cluster_balancer)
  procvisor::cluster_policy cluster_policy = procvisor::cluster_policy::round_robin;
  std::string instance_var = "NODE_APP_INSTANCE";
  std::string increment_var; ///< a variable that is one more in each further instance; empty: none

  // -- files; empty: the default name under $PROCVISOR_HOME (core/log_paths)
  std::string out_file;
  std::string error_file;
  combined_log log_file;
  std::string pid_file;
  std::optional<bool> merge_logs; ///< one file for all instances
  bool disable_logs = false;
  log_kind log_type = log_kind::raw;
  std::string log_date_format;                   ///< core/date_format
  uint64_t log_max_size = log_limits{}.max_size; ///< core/log_rotation, likewise the next ones
  rotate_interval log_rotate_interval = rotate_interval::never;
  int log_keep = log_limits{}.keep;
  bool log_compress = false;
  uint64_t log_max_total = 0;

  // -- when it ends
  bool autorestart = true; ///< false: never, whatever restart_policy says
  restart_choice restart_policy = restart_choice::always;
  bool autostart = true;
  std::chrono::milliseconds min_uptime{1000};
  int max_restarts = 15;
  std::chrono::milliseconds restart_delay{0};
  std::chrono::milliseconds exp_backoff_restart_delay{0};
  std::vector<int> stop_exit_codes;
  uint64_t max_memory_restart = 0;                 ///< bytes of its whole tree; 0: no limit
  std::chrono::milliseconds worker_interval{1000}; ///< between two looks at its memory
  std::string cron_restart;                        ///< core/cron: when it is restarted; empty: never
  std::string cron_timezone;                       ///< whose clock that is; empty: the daemon's
  watch_choice watch;
  std::vector<std::string> ignore_watch; ///< core/watch_rules
  std::vector<std::string> ext;          ///< "js": only files with one of these endings count; none: all
  std::chrono::milliseconds watch_delay{200};

  // -- how it is started and stopped
  std::vector<std::string> listen; ///< core/listen_address: sockets that are held for it
  bool wait_ready = false;         ///< it runs when it says so
  std::chrono::milliseconds listen_timeout{3000};
  unready_action ready_timeout_action = unready_action::keep;
  std::chrono::milliseconds watchdog{0}; ///< it has to say that often that it is well (WATCHDOG=1); 0: it need not
  std::chrono::milliseconds graceful_timeout{8000}; ///< what a reload has replaced has this time to finish
  std::chrono::milliseconds kill_timeout{1600};
  std::vector<stop_stage> kill_signal{{SIGINT}}; ///< never empty
  bool shutdown_with_message = false;            ///< "shutdown" on its IPC channel instead of a signal
  bool treekill = true;

  bool operator==(const app_spec&) const = default;
};

} // namespace procvisor
