#include "actors/rpc_server.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <caf/send.hpp>
#include <fmt/format.h>

#include "actors/recorder_link.hpp"
#include "actors/session.hpp"
#include "actors/support.hpp"
#include "os/limits.hpp"
#include "os/peer.hpp"

namespace procvisor {

namespace {

constexpr size_t sessions_at_most = 1024;
/// Of the descriptors: the others are for apps.
constexpr size_t share_of_sessions = 4;
constexpr auto until_descriptors_are_free = std::chrono::milliseconds{100};

} // namespace

rpc_server_state::rpc_server_state(rpc_server_actor::pointer self, shared_fd listener, session_peers peers)
  : self_(self), listener_(event_loop::of(self->system()), std::move(*listener), caf::weak_actor_ptr{self->ctrl()}),
    peers_(std::move(peers)),
    most_sessions_(std::min<size_t>(sessions_at_most, os::open_files_limit() / share_of_sessions)) {
  listener_.arm(EPOLLIN);
}

rpc_server_state::~rpc_server_state() {
  for (const auto& [address, session] : sessions_)
    caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
}

rpc_server_actor::behavior_type rpc_server_state::make_behavior() {
  keep_quiet(self_);
  self_->set_down_handler([this](const caf::down_msg& down) {
    if (sessions_.size() == most_sessions_)
      listener_.arm(EPOLLIN);
    sessions_.erase(down.source);
    std::erase(by_age_, down.source);
  });
  return {[this](const fd_ready&) { on_ready(); }};
}

void rpc_server_state::on_ready() {
  while (sessions_.size() < most_sessions_) {
    os::unique_fd client{accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!client && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
      // The client stays in the backlog, so the listener would be ready all the time.
      self_->run_delayed(until_descriptors_are_free, [this] { listener_.arm(EPOLLIN); });
      return;
    }
    if (!client) {
      listener_.arm(EPOLLIN);
      return;
    }
    const auto peer = os::peer_credentials(client.get());
    if (!peer || (peer->uid != geteuid() && peer->uid != 0)) {
      self_->send(peers_.recorder,
                  journal_packet(severity::warning, "procvisor", 0,
                                 fmt::format("refused a connection of user {}", peer ? peer->uid : 0)));
      continue;
    }
    auto session =
        self_->spawn<session_impl, caf::monitored>(std::make_shared<os::unique_fd>(std::move(client)), peers_);
    const auto address = session.address();
    by_age_.push_back(address);
    sessions_.emplace(address, std::move(session));
  }
  if (to_ask_ == 0) {
    to_ask_ = by_age_.size();
    make_room_for_another();
  }
}

void rpc_server_state::make_room_for_another() {
  if (to_ask_ == 0 || by_age_.empty())
    return;
  --to_ask_;
  by_age_.push_back(std::exchange(by_age_.front(), {}));
  by_age_.pop_front();
  self_->request(sessions_.at(by_age_.back()), caf::infinite, make_room{})
      .then(
          [this](bool goes) {
            if (goes)
              to_ask_ = 0;
            else
              make_room_for_another();
          },
          [this](const caf::error&) { to_ask_ = 0; }); // it has ended, which makes room
}

} // namespace procvisor
