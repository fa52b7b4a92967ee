#include "actors/app_sockets.hpp"

#include <unistd.h>

#include <cstring>
#include <memory>

#include <caf/typed_event_based_actor.hpp>
#include <fmt/format.h>

#include "os/listening_socket.hpp"

namespace procvisor {

result<shared_sockets> app_sockets::of(const app_spec& spec) {
  auto& open = by_app_[spec.name];
  auto wanted = std::make_shared<std::vector<shared_fd>>();
  for (const auto& address : spec.listen) {
    auto& socket = open[address];
    if (!socket) {
      auto made =
          parse_listen_address(address).and_then([&](const cluster::server_query& query) -> result<os::unique_fd> {
            auto bound = os::listen_for_app(query, spec.uid, spec.gid);
            if (!bound)
              return fail(exit_code::start_failed,
                          fmt::format("listening on {} failed: {}", address, ::strerrordesc_np(bound.error())));
            return std::move(*bound);
          });
      if (!made) {
        open.erase(address);
        return fail(std::move(made.error()));
      }
      socket = std::make_shared<os::unique_fd>(std::move(*made));
      self_->send(launcher_, keep_socket{to_text(kept_listener{spec.name, address}), socket});
    }
    wanted->push_back(socket);
  }
  return wanted;
}

void app_sockets::adopt(const kept_listener& what, const shared_fd& socket) {
  by_app_[what.app].emplace(what.address, socket);
}

void app_sockets::keep_only(const std::string& app, const std::set<std::string>& addresses) {
  const auto at = by_app_.find(app);
  if (at == by_app_.end())
    return;
  std::erase_if(at->second, [&](const auto& item) {
    const bool goes = !addresses.contains(item.first);
    if (goes)
      close({app, item.first});
    return goes;
  });
  if (at->second.empty())
    by_app_.erase(at);
}

void app_sockets::rename(const std::string& app, const std::string& to) {
  auto moved = by_app_.extract(app);
  if (moved.empty())
    return;
  for (const auto& [address, socket] : moved.mapped()) {
    self_->send(launcher_, keep_socket{to_text(kept_listener{app, address}), nullptr});
    self_->send(launcher_, keep_socket{to_text(kept_listener{to, address}), socket});
  }
  moved.key() = to;
  by_app_.insert(std::move(moved));
}

void app_sockets::close(const kept_listener& what) {
  if (what.address.starts_with('/'))
    ::unlink(what.address.c_str());
  self_->send(launcher_, keep_socket{to_text(what), nullptr});
}

} // namespace procvisor
