#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/screen/monitor.hpp"
#include "core/process.hpp"
#include "os/home.hpp"
#include "rpc/client.hpp"

namespace procvisor::cli {

/// Asks the daemon again and again for the list and the details of one process, over one connection and without ever
/// waiting. Where the daemon has gone it looks for the next one.
class row_feed {
public:
  row_feed(os::home place, std::optional<rpc::client> daemon, std::string target)
    : place_(std::move(place)), daemon_(std::move(daemon)), target_(std::move(target)) {}

  /// Once a second. What was asked before and is not answered yet is not asked again.
  void ask(std::optional<int64_t> details_of, steady_time now);

  int socket() const noexcept { return daemon_ ? daemon_->socket() : -1; } ///< to be polled for what may be read

  struct news {
    std::optional<rpc::process_list> list;
    std::optional<nlohmann::json> details; ///< null: the process is not there
    std::optional<error> trouble;          ///< instead of a list
  };
  /// What has come.
  news take(steady_time now);

  link_state link(steady_time now) const;

private:
  enum class stage : uint8_t { idle, list, details };

  void send(stage wanted, const char* method, const nlohmann::json& params, steady_time now);
  void take_reply(const std::string& text, news& into, steady_time now);
  void lose();

  os::home place_;
  std::optional<rpc::client> daemon_;
  std::string target_;
  stage stage_ = stage::idle;
  steady_time asked_at_{};
  std::optional<int64_t> details_of_;
};

} // namespace procvisor::cli
