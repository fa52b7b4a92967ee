#include "cli/daemon.hpp"

#include "keeper/connect.hpp"
#include "os/home.hpp"

namespace procvisor::cli {

result<std::optional<rpc::client>> find_daemon() {
  return os::find_home().and_then(keeper::connect).map([](os::unique_fd socket) {
    return socket ? std::optional<rpc::client>{std::move(socket)} : std::nullopt;
  });
}

result<rpc::client> start_daemon() {
  return os::find_home()
      .and_then([](const os::home& place) { return keeper::connect_or_start(place); })
      .map([](os::unique_fd socket) { return rpc::client{std::move(socket)}; });
}

} // namespace procvisor::cli
