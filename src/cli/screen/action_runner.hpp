#pragma once

#include <optional>
#include <vector>

#include "cli/screen/monitor.hpp"
#include "os/home.hpp"
#include "rpc/client.hpp"

namespace procvisor::cli {

/// Carries out what keys have asked for, each over a connection of its own, so that the list goes on meanwhile.
class action_runner {
public:
  static constexpr size_t most = 8; ///< at a time

  explicit action_runner(os::home place) : place_(std::move(place)) {}

  /// A message where it cannot be begun.
  std::optional<message> begin(const action_request& request);

  std::vector<int> sockets() const;

  /// What has come of those that are done.
  std::vector<message> take();

private:
  struct running {
    rpc::client daemon;
    action_request request;
  };

  os::home place_;
  std::vector<running> running_;
};

/// What the daemon has answered, for people.
message message_of(const action_request& request, const result<nlohmann::json>& reply);

} // namespace procvisor::cli
