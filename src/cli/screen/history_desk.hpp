#pragma once

#include <optional>
#include <string>

#include "cli/screen/log_browser.hpp"
#include "cli/screen/monitor.hpp"
#include "os/home.hpp"

namespace procvisor::cli {

/// Carries out what a log pane wants of the files.
class history_desk {
public:
  explicit history_desk(const os::home& place) : journal_(place.daemon_log) {}

  /// A message where there is something to say.
  std::optional<message> serve(const history_request& wanted, monitor& state);

  bool is_open() const noexcept { return browser_.has_value(); }
  bool is_searching() const noexcept { return is_searching_; }
  std::optional<message> search_on(monitor& state);

  /// Gives the pane the page, as high as the pane is now.
  void fill(monitor& state) const;
  void close(monitor& state);

private:
  std::optional<message> open(const monitor& state);

  std::string journal_;
  std::optional<log_browser> browser_;
  bool is_searching_ = false;
};

} // namespace procvisor::cli
