#include "cli/kill.hpp"

#include <poll.h>

#include <cerrno>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "keeper/connect.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

/// The keeper ends when the recorder has written the rest of the logs, which a slow disk may delay.
constexpr int keeper_end_ms = 60'000;

result<void> wait_for_end(const os::unique_fd& keeper) {
  if (!keeper)
    return {};
  pollfd ended{keeper.get(), POLLIN, 0};
  int count = 0;
  do
    count = ::poll(&ended, 1, keeper_end_ms);
  while (count < 0 && errno == EINTR);
  if (count == 0)
    return fail(exit_code::unreachable,
                fmt::format("all apps are stopped, but the keeper has not ended within {} s", keeper_end_ms / 1000),
                "see procvisor.log; the recorder may be waiting for a disk");
  return {};
}

} // namespace

result<int> end_daemon(rpc::client& daemon) {
  os::unique_fd keeper = keeper::keeper_pidfd(daemon.socket());
  auto answer = daemon.call(rpc::method::kill, nlohmann::json::object(), rpc::unlimited);
  if (!answer)
    return fail(std::move(answer.error()));
  return wait_for_end(keeper).map([&] { return answer->value("stopped", 0); });
}

result<exit_code> run::kill(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (!*daemon) {
    call.out().talk("no daemon is running");
    return exit_code::done;
  }
  return end_daemon(**daemon).map([&](int stopped) {
    call.out().talk(fmt::format("stopped {} processes and the daemon", stopped));
    return exit_code::done;
  });
}

} // namespace procvisor::cli
