#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "keeper/wire.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::keeper {

enum class launch_state : uint8_t {
  free,
  intended,  ///< no pid yet
  running,   ///< its pidfd is watched
  over,      ///< waits as a zombie until the daemon has it reaped
  dismissed, ///< the daemon wants it reaped, and it is not quite over: a child that failed before execve
};

/// Does the daemon, or the recorder, that now runs know of a launch?
enum class known : uint8_t {
  no,          ///< it was started later, and has to be sent `held`
  without_pid, ///< it was sent `held` while there was no pid
  yes,
};

/// One launch of an app, with what the keeper holds for it.
struct launch {
  launch_key key;
  launch_state state = launch_state::free;
  known to_daemon = known::yes;
  known to_recorder = known::yes; ///< by the daemon's `open`
  bool exit_is_told = false;
  uint32_t daemon = 0; ///< which one intended it, counted from 0
  pid_t pid = 0;
  bool is_foster = false;   ///< somebody else is its parent and reaps it
  pid_t foster_parent = 0;  ///< that one
  uint64_t start_ticks = 0; ///< of a foster
  int32_t exit_code = 0;    ///< as in exited
  int32_t signal = 0;
  os::unique_fd pidfd;
  os::unique_fd out;     ///< read end
  os::unique_fd err;     ///< read end
  os::unique_fd channel; ///< the daemon's end; empty: the app has none
};

/// The slots for launches: one mapping of fixed size, of which only what was in use becomes resident.
class launch_table {
public:
  static constexpr uint32_t max_capacity = 4096;

  explicit launch_table(uint32_t capacity); ///< at most max_capacity
  ~launch_table();
  launch_table(const launch_table&) = delete;
  launch_table& operator=(const launch_table&) = delete;

  bool is_mapped() const noexcept { return slots_ != nullptr; } ///< false: no memory
  uint32_t capacity() const noexcept { return capacity_; }

  launch* take(const launch_key& key); ///< state intended; null: all slots are taken
  void release(launch& slot);          ///< closes what it holds

  launch* find(const launch_key& key);
  launch* find_pid(pid_t pid);
  uint32_t index_of(const launch& slot) const noexcept { return static_cast<uint32_t>(&slot - slots_); }

  /// All slots that were ever taken, free ones among them. A slot keeps its place.
  std::span<launch> slots() noexcept { return {slots_, used_}; }
  std::span<const launch> slots() const noexcept { return {slots_, used_}; }
  uint32_t taken() const noexcept { return taken_; } ///< slots that are not free

private:
  launch* slots_ = nullptr;
  uint32_t capacity_ = 0;
  uint32_t used_ = 0;  ///< slots from here on were never taken
  uint32_t taken_ = 0; ///< of those before
};

} // namespace procvisor::keeper
