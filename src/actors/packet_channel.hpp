#pragma once

#include <deque>
#include <span>
#include <string_view>
#include <vector>

#include "loop/event_loop.hpp"
#include "os/packet_socket.hpp"

namespace procvisor {

/// One end of a packet socket in the hands of one actor: sends now or, where the peer's queue is full, in order when
/// there is room. The owner forwards its fd_ready messages here.
class packet_channel {
public:
  packet_channel() = default;
  packet_channel(event_loop& loop, os::unique_fd socket, caf::weak_actor_ptr owner);

  /// The caller keeps its fds: a packet in the kernel has its own references, one that has to wait gets duplicates.
  void send(std::string_view bytes, std::span<const int> fds = {});
  /// False: there is no room for it now. When there is, the owner is sent an fd_ready.
  bool try_send(std::string_view bytes, std::span<const int> fds = {});
  /// For an owner that ends: blocks until try_send is worth another try.
  void wait_for_room() const { os::wait_for_room(socket_.get()); }
  /// For an owner that ends: blocks until the peer has room for all that is queued, or is gone.
  void drain();
  /// Everything has been handed to the kernel.
  bool is_drained() const noexcept { return queue_.empty(); }
  size_t queued() const noexcept { return queue_.size(); }

  bool owns(const fd_ready& ready) const noexcept { return socket_ && ready.token == socket_.token(); }
  /// Sends what is queued, receives what has come; `on_packet(os::packet&)` for each, which may take
  /// its fds. False: the peer is gone, and the
  /// channel is closed.
  template <class OnPacket>
  bool on_ready(OnPacket on_packet) {
    wants_room_ = false;
    flush();
    for (int i = 0; socket_ && i < packets_a_turn; ++i) {
      auto received = os::receive_packet(socket_.get());
      if (!received) {
        if (is_temporary())
          break;
        socket_.reset();
        return false;
      }
      if (received->bytes.empty() && received->fds.empty()) {
        socket_.reset();
        return false;
      }
      on_packet(*received);
    }
    if (socket_)
      arm();
    return true;
  }
  explicit operator bool() const noexcept { return static_cast<bool>(socket_); }

private:
  static constexpr int packets_a_turn = 64; ///< then the other actors have their turn

  struct outgoing {
    std::string bytes;
    std::vector<os::unique_fd> fds;
  };

  static bool is_temporary() noexcept;
  bool send_now(std::string_view bytes, std::span<const int> fds);
  void flush();
  void arm();

  watched_fd socket_;
  bool wants_room_ = false; ///< the owner does
  std::deque<outgoing> queue_;
};

/// The bytes of a keeper::wire struct.
template <class T>
std::string_view bytes_of(const T& packet) {
  return {reinterpret_cast<const char*>(&packet), sizeof packet};
}

} // namespace procvisor
