#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"
#include "core/result.hpp"
#include "core/state.hpp"

namespace procvisor::config {

/// What can be taken over of a PM2 host.
struct pm2_list {
  saved_state state; ///< ids in the order of the dump; status is stopped or online
  std::vector<std::string> warnings;
  std::vector<error> left_out; ///< apps that cannot run here
};

/// Whether a text is PM2's dump.pm2: a JSON array.
bool is_pm2_dump(std::string_view text);

/// Reads PM2's dump.pm2, an array of the pm2_env of each process. What this version cannot do is left away and said;
/// only what makes an app unable to run leaves the app out. `file` is for messages.
result<pm2_list> read_pm2_dump(std::string_view text, const std::string& file, const caller& who);

} // namespace procvisor::config
