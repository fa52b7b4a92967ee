#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/app_spec.hpp"
#include "core/process.hpp"

namespace procvisor {

/// Names the process of an app in its environment: `<home>:<id>:<generation>`. It is how orphans are told from
/// strangers where there is no cgroup.
inline constexpr const char* marker_variable = "PROCVISOR_INSTANCE";

/// Whose process it is, by its variables ("NAME=value" strings with a NUL behind each); nullopt: not one of this home's.
struct instance_mark {
  process_id id{};
  generation gen{};
  bool operator==(const instance_mark&) const = default;
};
std::optional<instance_mark> read_mark(std::string_view variables, std::string_view home);
/// The other ones by which a process knows itself, beside the instance variable that its app may have chosen.
inline constexpr std::array identity_variables{"name", "pm_id", "PM2_HOME", "NODE_APP_INSTANCE"};

/// Everything execve(2) is given for one launch, as C strings that one block of memory holds.
class launch_recipe {
public:
  launch_recipe(const std::vector<std::string>& argv, const environment& env);
  launch_recipe(const launch_recipe&) = delete;
  launch_recipe& operator=(const launch_recipe&) = delete;

  const char* path() const noexcept { return argv_.front(); }
  char* const* argv() const noexcept { return argv_.data(); }
  char* const* envp() const noexcept { return envp_.data(); }
  /// Where the child writes its own number, LISTEN_PID: pid_bytes of room. Null: it is handed no sockets.
  char* pid_text() const noexcept { return pid_text_; }

private:
  std::string block_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
  char* pid_text_ = nullptr;
};

/// Which launch of which process it is for; the home stands in the marker and in the environment.
struct launch_identity {
  process_id id{};
  generation gen{};
  int instance = 0;
  std::string home;
};

/// NOTIFY_SOCKET (sd_notify(3)) of a launch: a name of its own, so that it says whose word a datagram is, and one that is no
/// file, so that an app which runs as another user reaches it.
std::string notify_address(const launch_identity& of);

/// interpreter node_args exec_path args, or exec_path args where the interpreter is "none".
std::vector<std::string> launch_argv(const app_spec& spec);

/// Room for a process id as text, with its NUL.
inline constexpr size_t pid_bytes = 12;

/// The descriptor of its IPC channel: behind the sockets that are passed on.
int channel_descriptor(const app_spec& spec);

/// Whether what it says to NOTIFY_SOCKET is heard.
bool is_heard(const app_spec& spec);

/// Whether it gets an IPC channel: what Node or bun runs, and what declares that it speaks on it.
bool has_channel(const app_spec& spec);

/// The caller's environment without what filter_env holds back, then the app's, with increment_var counted up, then what
/// programs really read: the instance variable, name, pm_id, PM2_HOME, PROCVISOR_HOME, PWD, where the IPC channel and the
/// sockets of `listen` are (a caller's own LISTEN_* is not passed on), where to say that it is ready, and HOME, USER and LOGNAME
/// are left as they came; PROCVISOR_INSTANCE marks the process as ours.
environment launch_environment(const app_spec& spec, const environment& caller, const launch_identity& identity);

launch_recipe recipe_for(const app_spec& spec, const environment& caller, const launch_identity& identity);

} // namespace procvisor
