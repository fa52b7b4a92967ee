#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/mounts.hpp"
#include "os/process_tree.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::os {

/// The path of a cgroup (version 2) in the text of /proc/PID/cgroup. Empty: it says none.
std::string cgroup_path(std::string_view membership);

/// Where the cgroup of that path is seen. Empty: outside of what is mounted there.
std::string cgroup_folder(const mount& hierarchy, std::string_view path);

/// The part of a cgroup's path that is above all launches, whosever. The whole path, where it is in no launch's cgroup.
std::string_view above_launches(std::string_view path);

/// The cgroups of launches, each with one of its own below this process's cgroup: `procvisor-<home>/<id>.<generation>`.
/// What is forked in one stays there, whatever it does with its session, its parents and its environment; only who may
/// write to the hierarchy can leave.
class launch_cgroups {
public:
  launch_cgroups() = default; ///< none are made, and none are known
  /// `may_make` false: those of an earlier daemon are known, and no new ones are made.
  explicit launch_cgroups(std::string_view home, bool may_make = true);

  /// Whether launches get them: there is a hierarchy that this process may write to and that can kill (Linux 5.14).
  bool are_made() const noexcept { return !base_.empty(); }
  const std::string& base() const noexcept { return base_; }

  struct made {
    std::string folder;
    unique_fd fd; ///< for spawn_plan::cgroup_fd
  };
  std::optional<made> make(uint32_t id, uint64_t generation) const; ///< nullopt: errno says why

  /// The cgroup that this process, which may be a zombie, was created in as a launch. Empty: it was in none.
  std::string of(pid_t pid) const;
  /// That of a launch whose process is gone. Empty: there is none.
  std::string of_launch(uint32_t id, uint64_t generation) const;

  /// Removes those in which no process is, and the folder around them where that was all.
  void sweep() const;

private:
  std::string name_; ///< procvisor-<home>
  mount hierarchy_;
  std::string base_;
};

/// A process that an app has started is not the app's if it is a keeper: leaves the cgroup of whichever launch it is in.
void leave_launch_cgroup();

/// SIGKILL for everything in it and below it, whatever is forked meanwhile. False: errno says why.
bool kill_cgroup(const std::string& folder);

/// What is alive in it and below it.
std::vector<pid_t> processes_in(const std::string& folder);

/// The same, held; those furthest from the root of their tree first.
std::vector<held_process> hold_processes_in(const procfs& proc, const std::string& folder);

/// For epoll: after is_populated() it is ready for EPOLLPRI when that may have changed. Empty: errno says why.
unique_fd open_cgroup_events(const std::string& folder);

/// Whether something in it or below it is alive; zombies are not.
bool is_populated(int events);

/// With those below it. False: something in it is alive, or errno says why.
bool remove_cgroup(const std::string& folder);

} // namespace procvisor::os
