#include "cli/daemon.hpp"

#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/other_home.hpp"
#include "core/state.hpp"
#include "keeper/claim.hpp"
#include "keeper/connect.hpp"
#include "os/home.hpp"
#include "os/procfs.hpp"
#include "os/text_file.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

constexpr size_t most_state_bytes = 256U * 1024 * 1024;

/// A keeper was killed, its daemon with it, and what they looked after may still be running.
bool may_have_survivors(const os::home& place) {
  if (!keeper::is_left_behind(place))
    return false;
  const auto text = os::read_text_file(place.state, most_state_bytes);
  if (!text)
    return false;
  const auto header = replay_state(std::string_view{*text}.substr(0, text->find('\n') + 1));
  return header.state.boot_id == os::boot_id();
}

/// The daemon that this command has started says what it has found.
result<rpc::client> say_what_was_found(rpc::client daemon) {
  auto answer = daemon.call(rpc::method::ping, nlohmann::json::object(), rpc::prompt);
  if (!answer)
    return fail(std::move(answer.error()));
  fmt::print(stderr, "procvisor: warning: the keeper was killed; another one has been started\n");
  for (const auto& line : answer->value("found", std::vector<std::string>{}))
    fmt::print(stderr, "procvisor: warning: {}\n", line);
  return daemon;
}

result<rpc::client> start_daemon_at(const os::home& place) {
  warn_of_other_home(place);
  auto running = keeper::connect(place);
  if (!running)
    return fail(std::move(running.error()));
  if (*running)
    return rpc::client{std::move(*running)};
  const bool follows_loss = may_have_survivors(place);
  return keeper::connect_or_start(place).and_then([follows_loss](os::unique_fd socket) {
    rpc::client daemon{std::move(socket)};
    return follows_loss ? say_what_was_found(std::move(daemon)) : result<rpc::client>{std::move(daemon)};
  });
}

} // namespace

result<std::optional<rpc::client>> find_daemon() {
  const auto place = os::find_home();
  if (!place)
    return fail(error{place.error()});
  warn_of_other_home(*place);
  auto running = keeper::connect(*place);
  if (!running)
    return fail(std::move(running.error()));
  if (*running)
    return std::optional{rpc::client{std::move(*running)}};
  if (!may_have_survivors(*place))
    return std::optional<rpc::client>{};
  return start_daemon_at(*place).map([](rpc::client daemon) { return std::optional{std::move(daemon)}; });
}

result<rpc::client> start_daemon() {
  return os::find_home().and_then([](const os::home& place) { return start_daemon_at(place); });
}

} // namespace procvisor::cli
