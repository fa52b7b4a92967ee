#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <caf/actor_control_block.hpp>

#include "loop/event_loop.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::recorder {

/// What all pipes of a recorder share: the one buffer they are read into, the one that lines are made in, and the
/// number of pipes that may be enlarged
/// (pipe(7): beyond pipe-user-pages-soft every further pipe of an ordinary user has two pages).
class drain_pool {
public:
  drain_pool();

  std::span<std::byte> buffer() const noexcept { return {buffer_.get(), buffer_bytes}; }
  /// Empty. It is used before anything else asks for it.
  std::string& fresh_block() noexcept {
    block_.clear();
    return block_;
  }
  bool take_enlarged() noexcept;
  void give_back_enlarged() noexcept { ++enlarged_left_; }

  static constexpr size_t buffer_bytes = 128 * 1024; ///< larger ones fall out of the cache between read and write

private:
  std::unique_ptr<std::byte[]> buffer_;
  std::string block_;
  unsigned enlarged_left_;
};

/// The read end of an app's stdout or stderr. It is enlarged while it is in a flood, so that reader and writer run side
/// by side.
class log_pipe {
public:
  log_pipe() noexcept = default;
  log_pipe(event_loop& loop, drain_pool& pool, os::unique_fd fd, caf::weak_actor_ptr owner);
  log_pipe(log_pipe&& other) noexcept;
  log_pipe& operator=(log_pipe&& other) noexcept;
  ~log_pipe() { close(); }

  bool is_open() const noexcept { return static_cast<bool>(fd_); }
  uint64_t token() const noexcept { return fd_.token(); }
  void arm();
  void disarm() { fd_.disarm(); }
  void close();
  os::unique_fd release();

  /// Bytes in the pool's buffer; 0: the end; below 0: nothing there now.
  ssize_t read();
  /// How many bytes are in the pipe.
  size_t waiting() const;

  /// To be called after each read. True: there was a flood, and the pipe has been enlarged now.
  bool notice_flood(std::chrono::steady_clock::time_point now);
  bool is_enlarged() const noexcept { return original_capacity_ != 0; }
  /// To be called once a second while it is enlarged: back to the original size if there was no flood since the call
  /// before.
  void shrink_if_quiet();
  /// So little was in a large pipe that it pays to wait until there is more. After a pause the bytes are those of a whole
  /// millisecond: with half of the pipe the next pause will not fill it either, and the writer is spared an armed fd.
  bool is_trickle(size_t bytes, bool after_pause) const noexcept {
    return capacity_ >= trickle_capacity && bytes < capacity_ / (after_pause ? 2 : 4);
  }

private:
  static constexpr uint32_t trickle_capacity = 256 * 1024;

  watched_fd fd_;
  drain_pool* pool_ = nullptr;
  std::chrono::steady_clock::time_point window_start_{};
  uint32_t reads_ = 0; ///< since window_start_; enlarged: since the last call of shrink_if_quiet
  uint32_t capacity_ = 0;
  uint32_t original_capacity_ = 0; ///< 0: not enlarged
};

} // namespace procvisor::recorder
