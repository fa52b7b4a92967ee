#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "os/home.hpp"
#include "os/host_figures.hpp"
#include "rpc/client.hpp"
#include "rpc/process_row.hpp"

namespace procvisor::web {

/// The daemon, as the threads of the web server see it. However many viewers there are, it is asked for its list once a
/// second.
class daemon_view {
public:
  static constexpr std::chrono::milliseconds list_age{900};

  explicit daemon_view(os::home place) : place_(std::move(place)) {}

  /// A connection of its own. exit_code::unreachable: no daemon runs.
  result<rpc::client> connect() const;

  struct snapshot {
    rpc::process_list list;
    os::host_figures host;
    std::chrono::milliseconds taken_at{0}; ///< since the epoch
  };
  using shared_snapshot = std::shared_ptr<const snapshot>;

  /// Not older than list_age.
  result<shared_snapshot> look();

private:
  os::home place_;
  std::mutex mutex_;
  shared_snapshot newest_;
  std::chrono::steady_clock::time_point asked_at_{};
};

/// PM2's shape: {system_info, monit, processes}. No environment, no arguments and no paths are in it.
std::string pm2_json(const daemon_view::snapshot& seen);

/// {at, host: {...}, processes: [row]}, for the page.
std::string page_json(const daemon_view::snapshot& seen);

} // namespace procvisor::web
