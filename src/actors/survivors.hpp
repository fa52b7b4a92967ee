#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/launch_recipe.hpp"
#include "core/process.hpp"
#include "core/state.hpp"
#include "os/procfs.hpp"
#include "os/unique_fd.hpp"

namespace procvisor {

/// A process of an app that is alive although its keeper is gone, with what can be had of it from outside.
struct survivor {
  process_id id{};
  generation gen{};
  pid_t pid = 0;
  uint64_t start_ticks = 0;
  pid_t parent = 0;
  os::unique_fd pidfd{};
  os::unique_fd out{}; ///< a read end of its stdout; of /dev/null where it has put something else there
  os::unique_fd err{};
  bool has_lost_output = false;
};

/// nullopt: no process has this number that was started at that moment.
std::optional<survivor> hold_survivor(const os::procfs& proc, instance_mark whose, pid_t pid, uint64_t start_ticks);

/// The process of a launch whose pid nobody has heard of. nullopt: there is none.
std::optional<pid_t> find_launch(const os::procfs& proc, const std::string& home, instance_mark whose);

struct state_after_loss {
  saved_state state;
  bool is_of_this_boot = false; ///< false: nothing of it can be alive
  std::vector<std::string> notes;
};

/// The newest state on disk that is whole. Nothing: there is none, or it is of another boot.
state_after_loss read_state_after_loss(const std::string& path);

struct found_survivors {
  saved_state state; ///< with what the survivors themselves say
  std::vector<survivor> alive;
  std::vector<std::string> notes; ///< a line for each that was taken back, and for what could not be
};

/// Which of them are alive: by pid and start time, and where the state is older than the newest launch, by the mark in
/// the environment of a process that leads its session. A stranger that has a number by now is not among them.
found_survivors survivors_of(saved_state state, const std::string& home, bool is_of_this_boot);

} // namespace procvisor
