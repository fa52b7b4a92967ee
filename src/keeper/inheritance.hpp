#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "keeper/wire.hpp"
#include "os/unique_fd.hpp"

/// What a keeper takes over from the process that executed it in its own place: the keeper before it (`update`), or a
/// daemon whose keeper is lost. The descriptors keep their numbers across the execve; what they are stands in a file in
/// memory, which is descriptor 3 of the new keeper (keeper.hpp).
namespace procvisor::keeper {

/// Of the file's head and records. A later version may append members to both: their sizes stand in the head.
inline constexpr uint32_t inheritance_format = 1;

enum class inherited_from : uint32_t {
  daemon = 1,       ///< its keeper was lost
  older_keeper = 2, ///< it was told to make room for this program
  newer_keeper = 3, ///< this program has made room for one that could not go on
};

struct inherited_launch {
  launch_key key;
  pid_t pid = 0;
  uint32_t is_over = 0; ///< waits to be reaped; pid 0: no child was made
  int32_t exit_code = 0;
  int32_t signal = 0;
  uint32_t is_foster = 0; ///< not a child of this process
  pid_t foster_parent = 0;
  uint64_t start_ticks = 0; ///< of a foster
  int32_t pidfd = -1;
  int32_t out = -1;
  int32_t err = -1;
  int32_t channel = -1;
};

/// Of the file: `length` bytes follow, which are its name.
struct inherited_socket_head {
  int32_t fd = -1;
  uint32_t length = 0;
};

struct inheritance_head {
  std::array<char, 8> magic{'p', 'r', 'o', 'c', 'v', 'k', 'p', 'r'};
  uint32_t format = inheritance_format;
  uint32_t head_size = sizeof(inheritance_head);
  uint32_t launch_size = sizeof(inherited_launch);
  uint32_t launches = 0;
  std::array<char, 32> version{}; ///< of who has written it, with a NUL behind it
  inherited_from from = inherited_from::daemon;
  int32_t listening = -1;
  int32_t pid_file = -1; ///< -1: the lock on the home is to be taken
  int32_t state = -1;    ///< what the next daemon goes on from; -1: nothing was deposited
  int32_t program = -1;  ///< older_keeper: its program, for the way back
  uint32_t daemon_restarts = 0;
  uint32_t recorder_restarts = 0;
  uint32_t losses = 0;      ///< of keepers, since losses_since
  int64_t losses_since = 0; ///< steady nanoseconds
  uint64_t open_files = 0;  ///< what children get as their soft limit
  uint64_t open_files_hard = 0;
  uint32_t sockets = 0; ///< inherited_socket_heads, which stand behind the launches
  uint32_t padding = 0;
};

/// A listening socket of a cluster (wire.hpp, held_socket).
struct inherited_socket {
  std::string name;
  int32_t fd = -1;
};

struct inheritance {
  inheritance_head head;
  std::vector<inherited_launch> launches;
  std::vector<inherited_socket> sockets;
};

/// An anonymous file with it. Empty: errno says why.
os::unique_fd write_inheritance(const inheritance& what);

/// Fails where it is none, or is of a version that this program does not read.
result<inheritance> read_inheritance(int file);

/// Becomes `program` (a descriptor) as `procvisor keeper`, with `what` as descriptor 3. Returns only where that has
/// failed: errno says why, and nothing has changed.
void exec_keeper(int program, inheritance what);

} // namespace procvisor::keeper
