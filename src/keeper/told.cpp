#include "keeper/keeper_process.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace procvisor::keeper {

void keeper_process::tell(companion& one) {
  if (!one.socket)
    return;
  bool all = tell_held(one) && tell_peer(one);
  if (&one == &daemon_)
    all = all && tell_exits() && tell_rejected() && tell_terminate() && tell_orphans() && tell_refused_update()
          && tell_leave();
  else
    all = all && tell_reopen();
  watch_socket(one, all);
}

bool keeper_process::tell_held(companion& one) {
  const auto slots = launches_.slots();
  for (; one.next_held < slots.size(); ++one.next_held) {
    launch& slot = slots[one.next_held];
    if (slot.*one.knows != known::no || slot.state == launch_state::free || slot.state == launch_state::dismissed)
      continue;
    const bool is_over = slot.state == launch_state::over;
    held packet;
    packet.pid = slot.pid;
    packet.key = slot.key;
    packet.is_over = is_over ? 1 : 0;
    packet.exit_code = slot.exit_code;
    packet.signal = slot.signal;
    packet.is_foster = slot.is_foster ? 1 : 0;
    packet.start_ticks = slot.start_ticks;
    const std::array fds = {slot.out.get(), slot.err.get(), slot.channel.get()};
    const size_t wanted = &one == &daemon_ ? fds.size() : fds.size() - 1;
    const auto missing = std::ranges::find(fds.begin(), fds.begin() + wanted, -1);
    if (os::send_packet(one.socket.get(), bytes_of(packet), {fds.begin(), missing}) == EAGAIN)
      return false;
    slot.*one.knows = slot.pid == 0 ? known::without_pid : known::yes;
    if (is_over && &one == &daemon_ && !slot.exit_is_told) {
      slot.exit_is_told = true;
      --untold_count_;
    }
  }
  if (&one == &daemon_ && !tell_sockets(one))
    return false;
  if (!one.held_all_is_sent) {
    notice all;
    all.what = op::held_all;
    if (os::send_packet(one.socket.get(), bytes_of(all)) == EAGAIN)
      return false;
    one.held_all_is_sent = true;
  }
  return true;
}

bool keeper_process::tell_sockets(companion& one) {
  if (one.held_all_is_sent)
    return true; // what came later is its own
  for (; one.next_socket < sockets_.size(); ++one.next_socket) {
    const kept_socket& next = sockets_[one.next_socket];
    held_socket head;
    head.length = static_cast<uint32_t>(next.name.size());
    std::vector<std::byte> packet{bytes_of(head).begin(), bytes_of(head).end()};
    const auto name = std::as_bytes(std::span{next.name});
    packet.insert(packet.end(), name.begin(), name.end());
    const std::array fds = {next.fd.get()};
    if (os::send_packet(one.socket.get(), packet, fds) == EAGAIN)
      return false;
  }
  return true;
}

bool keeper_process::tell_peer(companion& one) {
  if (!one.unsent_peer)
    return true;
  notice packet;
  packet.what = op::peer;
  const std::array fds = {one.unsent_peer.get()};
  if (os::send_packet(one.socket.get(), bytes_of(packet), fds) == EAGAIN)
    return false;
  one.unsent_peer.reset();
  return true;
}

bool keeper_process::tell_exits() {
  std::array<exited, 512> batch;
  std::array<launch*, batch.size()> slots;
  const bool may_have_left = untold_count_ > 0 && may_have_left_some();
  while (untold_count_ > 0) {
    size_t count = 0;
    for (launch& slot : launches_.slots()) {
      if (slot.state != launch_state::over || slot.exit_is_told)
        continue;
      batch[count] = exited{};
      batch[count].pid = slot.pid;
      batch[count].key = slot.key;
      batch[count].exit_code = slot.exit_code;
      batch[count].signal = slot.signal;
      batch[count].may_have_left = may_have_left ? 1 : 0;
      slots[count] = &slot;
      if (++count == batch.size())
        break;
    }
    if (os::send_packet(daemon_.socket.get(), std::as_bytes(std::span{batch}.first(count))) == EAGAIN)
      return false;
    for (launch* slot : std::span{slots}.first(count))
      slot->exit_is_told = true;
    untold_count_ -= static_cast<uint32_t>(count);
  }
  return true;
}

bool keeper_process::tell_rejected() {
  while (!rejected_.empty()) {
    notice packet;
    packet.what = op::rejected;
    packet.key = rejected_.back();
    if (os::send_packet(daemon_.socket.get(), bytes_of(packet)) == EAGAIN)
      return false;
    rejected_.pop_back();
  }
  return true;
}

bool keeper_process::tell_orphans() {
  if (!look_is_due_)
    return true;
  const std::vector<pid_t> all = look_for_orphans();
  std::vector<std::byte> packet;
  std::span<const pid_t> left{all};
  do {
    const auto part = left.first(std::min<size_t>(left.size(), orphans::at_most));
    orphans head;
    head.count = static_cast<uint32_t>(part.size());
    head.is_first = left.size() == all.size() ? 1 : 0;
    left = left.subspan(part.size());
    head.is_last = left.empty() ? 1 : 0;
    packet.assign(bytes_of(head).begin(), bytes_of(head).end());
    const auto pids = std::as_bytes(part);
    packet.insert(packet.end(), pids.begin(), pids.end());
    if (os::send_packet(daemon_.socket.get(), packet) == EAGAIN)
      return false; // and from the start, with a new look, when there is room
  } while (!left.empty());
  look_is_due_ = false;
  return true;
}

bool keeper_process::tell_refused_update() {
  if (!refused_update_)
    return true;
  notice head;
  head.what = op::refused;
  std::vector<std::byte> packet{bytes_of(head).begin(), bytes_of(head).end()};
  const auto why = std::as_bytes(std::span{*refused_update_});
  packet.insert(packet.end(), why.begin(), why.end());
  if (os::send_packet(daemon_.socket.get(), packet) == EAGAIN)
    return false;
  refused_update_.reset();
  return true;
}

bool keeper_process::tell_terminate() {
  return tell_if_due(daemon_, op::terminate, terminate_is_due_);
}

bool keeper_process::tell_leave() {
  return tell_if_due(daemon_, op::leave, leave_is_due_);
}

bool keeper_process::tell_reopen() {
  return tell_if_due(recorder_, op::reopen, reopen_is_due_);
}

bool keeper_process::tell_if_due(companion& one, op what, bool& is_due) {
  if (!is_due)
    return true;
  notice packet;
  packet.what = what;
  if (os::send_packet(one.socket.get(), bytes_of(packet)) == EAGAIN)
    return false;
  is_due = false;
  return true;
}

void keeper_process::watch_socket(companion& one, bool all_is_told) {
  const bool may_be_read = &one != &daemon_ || rejected_.empty();
  const uint32_t wanted = (may_be_read ? EPOLLIN : 0U) | (all_is_told ? 0U : EPOLLOUT);
  if (wanted == one.watched)
    return;
  epoll_event event{};
  event.events = one.watched = wanted;
  event.data.u64 = one.socket_source;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, one.socket.get(), &event);
}

} // namespace procvisor::keeper
