#pragma once

#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/ipc_message.hpp"
#include "loop/event_loop.hpp"

namespace procvisor {

/// Our end of an app's IPC channel (core/ipc_message). The app can make it hold one message of max_message_bytes and
/// as much that it does not read; it can never make us wait.
class ipc_channel {
public:
  static constexpr size_t max_message_bytes = 1024 * 1024;

  ipc_channel() = default;
  ipc_channel(event_loop& loop, os::unique_fd socket, caf::weak_actor_ptr owner);

  explicit operator bool() const noexcept { return static_cast<bool>(socket_); }
  bool owns(const fd_ready& ready) const noexcept { return socket_ && ready.token == socket_.token(); }

  /// Reads what there is, up to a limit, and sends what had to wait. A message that is too large or no JSON is dropped,
  /// and handed on as ipc::garbage. When the app has closed its end, the channel is empty afterwards.
  void on_ready(const fd_ready& ready, const std::function<void(const ipc::message&)>& use);

  /// Reads all that an app which has ended has left in it.
  void drain(const std::function<void(const ipc::message&)>& use);

  /// False: it is closed, or the app does not read what it was sent before.
  bool send(const nlohmann::json& message);
  /// A message as text, and the descriptor that goes with it, if any.
  bool send_line(std::string_view line, std::shared_ptr<os::unique_fd> fd = {});

private:
  enum class reading : uint8_t { more_may_come, nothing_now, closed };
  reading read(const std::function<void(const ipc::message&)>& use);
  void take_lines(const std::function<void(const ipc::message&)>& use);
  ssize_t receive(std::span<char> buffer);
  ssize_t send_some(std::string_view bytes, int fd); ///< fd: -1: none
  bool flush();                                      ///< false: the app is gone
  void arm();

  watched_fd socket_;
  std::string in_;
  size_t scanned_ = 0;       ///< bytes of in_ that are known to hold no newline
  bool is_skipping_ = false; ///< the rest of a message that was too large
  /// What has to wait, from `at` on. The descriptor goes with its first byte.
  struct outgoing {
    std::string bytes;
    size_t at = 0;
    std::shared_ptr<os::unique_fd> fd;
  };
  std::list<outgoing> out_; ///< nearly always empty, which a deque would take 600 bytes for
  size_t out_bytes_ = 0;
};

} // namespace procvisor
