#include "actors/recorder_backlog.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace procvisor {

namespace {

auto same_launch(recorder_packet::role what, const recorder_packet& as) {
  return [what, id = as.id, gen = as.gen](const recorder_packet& one) {
    return one.what == what && one.id == id && one.gen == gen;
  };
}

size_t bytes_in(const recorder_packet& opened) {
  size_t total = 0;
  for (const auto& fd : opened.fds)
    if (int bytes = 0; ::ioctl(fd->get(), FIONREAD, &bytes) == 0)
      total += static_cast<size_t>(bytes);
  return total;
}

} // namespace

void recorder_backlog::push(recorder_packet packet) {
  using role = recorder_packet::role;
  switch (packet.what) {
    case role::line:
      if (lines_ == most_lines) {
        ++lost_lines_;
        return;
      }
      ++lines_;
      break;
    case role::launch_end:
      if (std::ranges::any_of(waiting_, same_launch(role::launch, packet))) {
        waiting_.push_back(std::move(packet));
        if (++ended_launches_ > most_ended_launches)
          give_up_ended_launch();
        return;
      }
      break;
    case role::removal:
      if (!known_.contains(packet.id) && std::ranges::none_of(waiting_, [&](const recorder_packet& one) {
            return one.what == role::launch && one.id == packet.id;
          }))
        return; // its launches were given up
      break;
    case role::client:
      if (clients_ == most_clients)
        return; // its socket closes
      ++clients_;
      break;
    case role::question:
    case role::launch:
      break;
  }
  waiting_.push_back(std::move(packet));
}

void recorder_backlog::pop() {
  using role = recorder_packet::role;
  const auto sent = std::move(waiting_.front());
  waiting_.pop_front();
  lines_ -= sent.what == role::line ? 1 : 0;
  clients_ -= sent.what == role::client ? 1 : 0;
  if (sent.what == role::launch && std::ranges::any_of(waiting_, same_launch(role::launch_end, sent)))
    --ended_launches_;
  note_sent(sent);
}

void recorder_backlog::note_sent(const recorder_packet& packet) {
  if (packet.what == recorder_packet::role::launch)
    known_.insert(packet.id);
  else if (packet.what == recorder_packet::role::removal)
    known_.erase(packet.id);
}

void recorder_backlog::give_up_ended_launch() {
  using role = recorder_packet::role;
  for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
    if (at->what != role::launch)
      continue;
    const auto end = std::find_if(at, waiting_.end(), same_launch(role::launch_end, *at));
    if (end == waiting_.end())
      continue;
    ++lost_launches_;
    lost_bytes_ += bytes_in(*at);
    --ended_launches_;
    std::erase_if(waiting_, [id = at->id, gen = at->gen](const recorder_packet& one) {
      return (one.what == role::launch || one.what == role::launch_end) && one.id == id && one.gen == gen;
    });
    return;
  }
}

void recorder_backlog::withdraw(uint64_t tag) {
  std::erase_if(waiting_, [tag](const recorder_packet& one) {
    return one.what == recorder_packet::role::question && one.tag == tag;
  });
}

void recorder_backlog::begin_anew() {
  using role = recorder_packet::role;
  known_.clear();
  clients_ = 0;
  const auto all = std::exchange(waiting_, {});
  for (const auto& one : all) {
    const bool is_over = std::ranges::any_of(all, same_launch(role::launch_end, one));
    if (one.what == role::line || (one.what == role::launch && is_over)
        || (one.what == role::launch_end && std::ranges::any_of(all, same_launch(role::launch, one))))
      waiting_.push_back(one);
  }
}

std::string recorder_backlog::take_losses() {
  const auto lines = std::exchange(lost_lines_, 0);
  const auto launches = std::exchange(lost_launches_, 0);
  const auto bytes = std::exchange(lost_bytes_, 0);
  if (lines == 0 && launches == 0)
    return {};
  return fmt::format("the recorder was stalled: {} lines of this log, and {} bytes of output of {} processes that had "
                     "ended, were lost",
                     lines, bytes, launches);
}

} // namespace procvisor
