#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cli/screen/log_pane.hpp"
#include "os/home.hpp"
#include "rpc/client.hpp"

namespace procvisor::cli {

/// Follows the log of some processes, or of procvisor itself (journal_id alone), over a connection of its own.
class log_feed {
public:
  explicit log_feed(os::home place) : place_(std::move(place)) {}

  /// The last lines and then the new ones; what was followed before is not any more. False: no daemon is there.
  bool follow(std::vector<int64_t> ids);
  void stop() { stream_.reset(); }
  const std::vector<int64_t>& followed() const noexcept { return ids_; }
  bool is_lost() const noexcept { return !stream_ && !ids_.empty(); }

  int socket() const noexcept { return stream_ ? stream_->socket() : -1; }

  /// What has come, but not more than a page or so of what comes in a flood: the rest waits, and of that the recorder
  /// skips what is too much.
  void take(log_pane& into);

private:
  void take_message(const std::string& text, log_pane& into);

  os::home place_;
  std::optional<rpc::client> stream_;
  std::vector<int64_t> ids_;
  std::string tail_path_; ///< of the last lines that are coming
};

} // namespace procvisor::cli
