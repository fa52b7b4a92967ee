#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "keeper/wire.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::os {

/// A pipe for a child's stdout or stderr. The child's end is opened O_RDWR, through /proc/self/fd: it counts as a
/// reader too, so that a program whose real readers are all gone gets no SIGPIPE; when the last program that has it
/// ends, the read end sees EOF as ever. Close `child_end` once the child is created, or that EOF never comes.
struct output_pipe {
  unique_fd read_end;  ///< O_NONBLOCK
  unique_fd child_end; ///< blocking
};
std::optional<output_pipe> make_output_pipe(); ///< nullopt: errno says why

/// A new read end of the pipe that a running program has as its stdout (1) or stderr (2), where that is still one of
/// make_output_pipe. Empty: the program has put something else there.
unique_fd reopen_output(pid_t pid, int stream);

/// A pipe for a child's stdin, of which nobody but the child has an end. It is opened O_RDWR as those of output_pipe are,
/// so it never shows EOF; os/child_input writes to it. Empty: errno says why.
unique_fd make_input_pipe();

/// What a child does on its way to execve, in this order; `create` is what the caller does before there is a child.
enum class spawn_stage : uint8_t {
  create,
  report,
  descriptors,
  session,
  signals,
  limits,
  groups,
  group,
  user,
  cwd,
  exec,
};

/// How a child is to be created. Plain pointers, for the child may not allocate: everything they point to lives until
/// spawn() has returned.
struct spawn_plan {
  const char* path = nullptr; ///< absolute
  char* const* argv = nullptr;
  char* const* envp = nullptr;
  const char* cwd = nullptr; ///< null: the caller's

  int in_fd = -1;  ///< becomes 0; -1: /dev/null
  int out_fd = -1; ///< becomes 1; -1: /dev/null
  int err_fd = -1; ///< becomes 2; -1: /dev/null
  static constexpr size_t most_passed = 32;
  std::span<const int> passed_fds = {}; ///< at most so many: become 3 and on
  int channel_fd = -1;                  ///< becomes the one behind them; -1: there is none
  char* pid_text = nullptr; ///< in envp: the child writes its pid here, with its NUL (pid_bytes); null: it does not
  int cgroup_fd = -1;       ///< a folder of a cgroup2 hierarchy in which the child begins; -1: the caller's own
  int report_fd = -1;       ///< the child writes keeper::report{key, its pid} here before all else; -1: it does not
  keeper::launch_key key;

  std::optional<mode_t> umask;                  ///< none: the caller's
  std::optional<rlimit> open_files;             ///< RLIMIT_NOFILE; none: the caller's
  std::optional<std::span<const gid_t>> groups; ///< supplementary; none: the caller's. To set them takes CAP_SETGID
  std::optional<gid_t> gid;
  std::optional<uid_t> uid;

  bool as_sibling = true; ///< CLONE_PARENT: a child of the caller's parent, the keeper. Not for pid 1

  /// False: nothing is shared with the child, and what became of it is read from spawned::outcome. For a cwd or program
  /// on which chdir or execve may hang (os/mounts: may_block), and for a user who is not trusted: between set-uid and
  /// execve he may stop the child, and with it a caller that waits.
  bool wait_for_exec = true;
};

struct spawn_error {
  spawn_stage stage = spawn_stage::create;
  int error = 0; ///< errno
  pid_t pid = 0; ///< the child that failed, which its parent has to reap; 0: none was created
};

/// "changing directory to '/srv/web' failed: No such file or directory"
std::string describe(const spawn_error& failure, const spawn_plan& plan);

struct spawned {
  pid_t pid = 0;
  unique_fd pidfd;
  unique_fd outcome; ///< with wait_for_exec = false: readable when execve has succeeded or a stage has failed
};

/// Reads spawned::outcome when it is readable. nullopt: the program runs (or the child was killed, which its exit
/// says).
std::optional<spawn_error> read_outcome(int outcome, pid_t pid);

/// Creates children, fast however much memory and however many descriptors the caller has: the child borrows both until
/// execve (vfork semantics; close_range unshares the table and copies the low descriptors only). So the caller's thread
/// stands still meanwhile, some 0.1 ms. Make one early in the process's life: the descriptors that children are to
/// inherit pass through low numbers that it reserves.
class spawner {
public:
  spawner();
  ~spawner();
  spawner(const spawner&) = delete;
  spawner& operator=(const spawner&) = delete;

  /// errno of construction; spawn() fails with it.
  int broken() const noexcept { return broken_; }

  tl::expected<spawned, spawn_error> spawn(const spawn_plan& plan);

private:
  struct child_task;
  static int run_child(void* task);

  int broken_ = 0;
  unique_fd null_;              ///< /dev/null, O_RDWR
  unique_fd in_;                ///< holds a place: plan.in_fd is put here while the child is created
  unique_fd out_;               ///< likewise
  unique_fd err_;               ///< likewise
  unique_fd channel_;           ///< likewise
  unique_fd outcome_;           ///< likewise: the write end of spawned::outcome
  unsigned first_unneeded_ = 0; ///< descriptors from here on are not copied for a child
  std::byte* stack_ = nullptr;  ///< of children, above a guard page
};

} // namespace procvisor::os
