#include "keeper/keeper_process.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace procvisor::keeper {

namespace {

constexpr auto ending_may_take = std::chrono::seconds{10}; ///< then the recorder's disk hangs, and it is killed
constexpr size_t most_sockets = 256;                       ///< of clusters; one that is not held ends with its daemon

} // namespace

void keeper_process::read_daemon() {
  while (daemon_.socket && rejected_.empty()) {
    auto packet = os::receive_packet(daemon_.socket.get());
    if (!packet)
      return; // nothing more; or descriptors were lost, which the table's capacity excludes
    if (packet->bytes.empty()) {
      on_closed_socket(daemon_);
      return;
    }
    on_packet(*packet);
  }
}

void keeper_process::on_packet(os::packet& packet) {
  op what{};
  if (packet.bytes.size() < sizeof what)
    return;
  std::memcpy(&what, packet.bytes.data(), sizeof what);
  switch (what) {
    case op::intend: {
      std::span<os::unique_fd> fds{packet.fds};
      for_each<intend>(packet.bytes, [&](const intend& one) {
        const size_t count = std::min<size_t>(one.fd_count, fds.size());
        on_intend(one.key, fds.first(count));
        fds = fds.subspan(count);
      });
      break;
    }
    case op::launched:
      drain_reports();
      for_each<launched>(packet.bytes, [&](const launched& one) { on_launched(one); });
      break;
    case op::reap:
      for_each<reap>(packet.bytes, [&](const reap& one) { on_reap(one.key); });
      break;
    case op::end:
      begin_end();
      break;
    case op::look:
      look_is_due_ = true;
      tell(daemon_);
      break;
    case op::socket:
      on_socket(packet);
      break;
    case op::state:
      if (packet.fds.size() == 1)
        state_ = std::move(packet.fds.front());
      daemon_.has_taken_over = true;
      end_trial();
      break;
    case op::adopt:
      for_each<adopt>(packet.bytes, [&](const adopt& one) { on_adopt(one, packet.fds); });
      break;
    case op::update:
      begin_update(packet);
      break;
    case op::hello:
    case op::exited:
    case op::peer:
    case op::rejected:
    case op::held:
    case op::held_all:
    case op::orphans:
    case op::refused:
    case op::terminate:
    case op::leave:
    case op::reopen: // only said by the keeper
      break;
  }
}

void keeper_process::on_intend(const launch_key& key, std::span<os::unique_fd> fds) {
  launch* slot = launches_.take(key);
  if (slot == nullptr) {
    rejected_.push_back(key);
    tell(daemon_);
    return;
  }
  ++intended_count_;
  const std::array places = {&slot->out, &slot->err, &slot->channel};
  for (size_t i = 0; i < std::min(fds.size(), places.size()); ++i)
    *places[i] = std::move(fds[i]);
  slot->daemon = daemon_.restarts;
  const auto early = std::ranges::find(early_reports_, key, &report::key);
  if (early != early_reports_.end()) {
    on_pid(*slot, early->pid);
    early_reports_.erase(early);
  }
}

void keeper_process::on_launched(const launched& packet) {
  launch* slot = launches_.find(packet.key);
  if (slot != nullptr && slot->state == launch_state::intended)
    on_pid(*slot, packet.pid);
}

void keeper_process::on_reap(const launch_key& key) {
  launch* slot = launches_.find(key);
  if (slot == nullptr)
    return;
  if (slot->state == launch_state::intended)
    drain_reports(); // a child that was made wrote its report before the daemon said this
  switch (slot->state) {
    case launch_state::free:
    case launch_state::dismissed:
      break;
    case launch_state::intended:
      --intended_count_;
      launches_.release(*slot);
      break;
    case launch_state::running:
      slot->state = launch_state::dismissed;
      on_ready_pidfd(*slot);
      break;
    case launch_state::over:
      reap_zombie(*slot);
      break;
  }
}

void keeper_process::on_socket(os::packet& packet) {
  if (packet.bytes.size() < sizeof(held_socket))
    return;
  const auto* text = reinterpret_cast<const char*>(packet.bytes.data()) + sizeof(held_socket);
  std::string name{text, packet.bytes.size() - sizeof(held_socket)};
  std::erase_if(sockets_, [&](const kept_socket& one) { return one.name == name; });
  if (packet.fds.size() == 1 && sockets_.size() < most_sockets && name.size() <= held_socket::longest)
    sockets_.push_back({std::move(name), std::move(packet.fds.front())});
}

void keeper_process::begin_end() {
  if (ending_)
    return;
  ending_ = clock::now() + ending_may_take;
  recorder_.socket.reset(); // its order to write what is left and to exit
}

} // namespace procvisor::keeper
