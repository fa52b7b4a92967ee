#include "actors/rpc_server.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include <caf/send.hpp>
#include <fmt/format.h>

#include "actors/recorder_link.hpp"
#include "actors/session.hpp"
#include "actors/support.hpp"
#include "os/peer.hpp"

namespace procvisor {

rpc_server_state::rpc_server_state(rpc_server_actor::pointer self, shared_fd listener, session_peers peers)
  : self_(self), listener_(event_loop::of(self->system()), std::move(*listener), caf::weak_actor_ptr{self->ctrl()}),
    peers_(std::move(peers)) {
  listener_.arm(EPOLLIN);
}

rpc_server_state::~rpc_server_state() {
  for (const auto& [address, session] : sessions_)
    caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
}

rpc_server_actor::behavior_type rpc_server_state::make_behavior() {
  keep_quiet(self_);
  self_->set_down_handler([this](const caf::down_msg& down) {
    if (sessions_.size() == most_sessions)
      listener_.arm(EPOLLIN);
    sessions_.erase(down.source);
  });
  return {[this](const fd_ready&) { on_ready(); }};
}

void rpc_server_state::on_ready() {
  while (sessions_.size() < most_sessions) {
    os::unique_fd client{accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
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
    sessions_.emplace(address, std::move(session));
  }
}

} // namespace procvisor
