#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <type_traits>

/// What the keeper says and hears, over one SOCK_SEQPACKET socket to the daemon and one to the recorder. Each packet is
/// one of these structs, starting with its `op`, in the machine's byte order: both ends are always the same binary or
/// the binary that replaces it (`update`), and `hello` carries the version.
///
/// | version | what it added |
/// |---|---|
/// | 1 | everything |
///
/// One launch of an app, seen by the keeper:
///
///     daemon: intend + fds -> [slot taken] -> child: its pid on the report pipe -> daemon: launched (pid again, for
///     the case that the child died before it could report) -> ... -> the keeper's pidfd is readable, status peeked
///     with WNOWAIT: exited -> daemon ends what is left of the process's tree while the zombie still holds its number
///     (look, orphans) -> reap -> [slot free, zombie reaped]
///
/// A launch that fails before execve ends with `reap` as well, whether or not clone() made a child (where it did, the
/// daemon sends `launched` first). The failed child may have been told as `exited` before the keeper read that: the
/// daemon drops an exit of a launch that it has reaped.
///
/// Every daemon and every recorder is sent `hello`, one `held` for each launch that is not reaped, `held_all`, and then
/// the events. The recorder sends nothing to the keeper; that its socket ends is its order to drain and exit.
namespace procvisor::keeper {

inline constexpr uint32_t wire_version = 1;

/// Number of the socket to the keeper in the daemon and in the recorder at their start.
inline constexpr int keeper_fd = 3;

enum class op : uint32_t {
  hello = 1, ///< keeper -> daemon, recorder: first packet
  intend,    ///< daemon -> keeper: a launch is about to happen; fds: see intend
  launched,  ///< daemon -> keeper: clone() has returned this pid
  exited,    ///< keeper -> daemon: a process is over and waits as a zombie
  reap,      ///< daemon -> keeper: the exit is known; reap, drop the fds, free the slot
  peer,      ///< keeper -> daemon: the recorder was started anew; fds: the socket to it. And the other way round
  end,       ///< daemon -> keeper: `kill`: end the recorder, then yourself. The daemon exits by itself
  rejected,  ///< keeper -> daemon: no slot for this intent (the daemon counts slots, so this is a bug of the daemon)
  held,      ///< keeper -> daemon, recorder: a launch of an earlier daemon's; fds: see held
  held_all,  ///< keeper -> daemon, recorder: that were all of them (at the first start: there are none)
  terminate, ///< keeper -> daemon: the keeper was sent SIGTERM: do what `kill` does
  look,      ///< daemon -> keeper: which orphans are alive?
  orphans,   ///< keeper -> daemon: these, after every exit that happened before it looked
  socket,    ///< a listening socket, see held_socket
  state,     ///< daemon -> keeper: fd: a file to be held for the next daemon, instead of any earlier one
  reopen,    ///< keeper -> recorder: the keeper was sent SIGUSR2: open all log files anew
  adopt,     ///< daemon -> keeper: a process that an earlier keeper has lost; fds: see adopt
  update,    ///< daemon -> keeper: make room for the program that is beside it; fd: the program, open
  leave,     ///< keeper -> daemon: another program takes over now: leave nothing half done, and exit
  refused,   ///< keeper -> daemon: that program cannot take over; nothing has happened. Behind the notice: why
};

/// Which launch of which process. `id` and `generation` as in core/process.hpp.
struct launch_key {
  uint32_t id = 0;
  uint32_t padding = 0;
  uint64_t generation = 0;
  bool operator==(const launch_key&) const = default;
};

/// What the keeper itself comes from.
enum class origin : uint32_t {
  new_home,    ///< nobody, or one that has ended in order
  lost,        ///< one that has died; its daemon is gone too, and with both what they held: state.json tells the rest
  handed_over, ///< one that has died; its daemon has become this one, with all that it held
  updated,     ///< an older one
  returned,    ///< a newer one, which could not go on
};

/// To the daemon; fds: 0 the listening client socket, 1 the report pipe's write end, 2 the socket to the recorder, 3 the
/// file of `state`, where there is one.
/// To the recorder; fds: 0 the socket to the daemon.
struct hello {
  op what = op::hello;
  uint32_t version = wire_version;
  uint32_t capacity = 0; ///< slots for apps
  pid_t keeper_pid = 0;
  uint32_t restarts = 0; ///< how often this daemon or recorder was started anew
  origin from = origin::new_home;
  uint32_t losses = 0; ///< of keepers since losses_since (steady nanoseconds): too many, and nobody follows any more
  uint32_t padding = 0;
  int64_t losses_since = 0;
  std::array<char, 32> program_version{}; ///< of the keeper's program, with a NUL behind it
};

/// Several of them stand one behind the other in a packet, each with fd_count fds: the read ends of stdout and stderr,
/// and, as a third, the daemon's end of the app's IPC channel.
struct intend {
  op what = op::intend;
  uint32_t fd_count = 2;
  launch_key key;
};

/// fds: its pidfd, and read ends of its stdout and stderr. It is no child of the keeper's: whoever is its parent reaps it.
struct adopt {
  op what = op::adopt;
  pid_t pid = 0;
  launch_key key;
  pid_t parent = 0; ///< its orphans become that one's children
  uint32_t padding = 0;
  uint64_t start_ticks = 0; ///< with the pid it names the process for ever (os::process_stat)
};

/// Several of them stand one behind the other in a packet.
struct launched {
  op what = op::launched;
  pid_t pid = 0;
  launch_key key;
};

/// A child writes this to the report pipe as the first thing it does (below PIPE_BUF: atomic).
struct report {
  launch_key key;
  pid_t pid = 0;
  uint32_t padding = 0;
};

/// exit_code of a child whose end could not be watched or whose status the kernel did not keep.
inline constexpr int32_t unknown_exit = -1;

/// Several of them stand one behind the other in a packet.
struct exited {
  op what = op::exited;
  pid_t pid = 0;
  launch_key key;
  int32_t exit_code = 0; ///< of exit(); 0 where a signal ended it
  int32_t signal = 0;    ///< 0: it exited
  /// 0: nothing that it has started is alive, for its living descendants would have become the keeper's children.
  /// 1: there are such children, whosever; or so many launches are running that the keeper has not looked.
  uint32_t may_have_left = 1;
  uint32_t padding = 0;
};

/// Several of them stand one behind the other in a packet.
struct reap {
  op what = op::reap;
  uint32_t padding = 0;
  launch_key key;
};

/// To the daemon with the fds of intend, to the recorder with the read ends alone.
struct held {
  op what = op::held;
  pid_t pid = 0; ///< 0: its daemon died before a child had reported; another `held` follows
  launch_key key;
  uint32_t is_over = 0;  ///< 1: waits as a zombie, there is no `exited` of it any more; with pid 0: no child was made
  int32_t exit_code = 0; ///< as in exited
  int32_t signal = 0;
  uint32_t is_foster = 0;   ///< 1: no child of the keeper's; when it is over its number may be another's
  uint64_t start_ticks = 0; ///< of a foster
};

/// The living children of the keeper's, and of the parents of what it has adopted, that are neither launches nor daemon
/// nor recorder: strangers may be among them. A list of several packets that
/// was interrupted starts again with another first one.
struct orphans {
  static constexpr uint32_t at_most = 4096; ///< in a packet

  op what = op::orphans;
  uint32_t count = 0; ///< of pid_t behind this
  uint32_t is_first = 0;
  uint32_t is_last = 0;
};

/// Followed by `length` bytes that name the socket to whoever binds it. Daemon -> keeper, with an fd: hold this for the next
/// daemon; without: drop the one of that name. Keeper -> daemon, with the fd, before `held_all`: an earlier daemon's.
struct held_socket {
  static constexpr uint32_t longest = 8192;

  op what = op::socket;
  uint32_t length = 0;
};

/// peer, end, rejected, held_all, terminate, look, state, reopen, update, leave, refused
struct notice {
  op what = op::end;
  uint32_t padding = 0;
  launch_key key; ///< of the rejected intent
};

static_assert(
    std::is_trivially_copyable_v<hello> && std::is_trivially_copyable_v<exited> && std::is_trivially_copyable_v<held>);

} // namespace procvisor::keeper
