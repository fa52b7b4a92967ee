#include "cli/boot.hpp"

#include <cstdlib>
#include <cstring>
#include <string>

#include <fmt/format.h>

#include "os/notify_socket.hpp"
#include "os/peer.hpp"
#include "os/text_file.hpp"

namespace procvisor::cli {

namespace {

const char* notify_socket() {
  const char* address = std::getenv("NOTIFY_SOCKET");
  return address != nullptr && *address != '\0' ? address : nullptr;
}

pid_t keeper_of(const rpc::client& daemon) {
  const auto peer = os::peer_credentials(daemon.socket());
  return peer ? peer->pid : 0;
}

std::string cgroups_of(const std::string& process) {
  constexpr size_t most_bytes = 64 * 1024;
  return os::read_text_file(fmt::format("/proc/{}/cgroup", process), most_bytes).value_or("");
}

} // namespace

result<saved_list> list_at_boot(const os::home& place) {
  auto list = read_saved_list(place);
  if (!list && list.error().code == exit_code::not_found)
    return saved_list{};
  return list;
}

result<void> check_is_own(const rpc::client& daemon) {
  const pid_t keeper = keeper_of(daemon);
  if (notify_socket() == nullptr || cgroups_of(std::to_string(keeper)) == cgroups_of("self"))
    return {};
  return fail(exit_code::other,
              fmt::format("a daemon runs for this home that systemd has not started (keeper {})", keeper),
              "procvisor kill ends it with its apps, and systemctl start brings them back");
}

result<void> tell_systemd(const rpc::client& daemon) {
  const char* address = notify_socket();
  if (address == nullptr)
    return {};
  const std::string text = fmt::format("MAINPID={}\nREADY=1", keeper_of(daemon));
  if (const int failed = os::tell_service_manager(address, text); failed != 0)
    return fail(exit_code::other, fmt::format("telling systemd at '{}' failed: {}", address, std::strerror(failed)));
  return {};
}

} // namespace procvisor::cli
