#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace procvisor::cli {

/// argv in parts: `procvisor -n web start app.js -- --port 80`.
struct command_line {
  std::string verb;                  ///< "start"; empty: there is none
  std::vector<std::string> words;    ///< {"-n", "web", "app.js"}: options and targets, wherever they stood
  std::vector<std::string> app_args; ///< {"--port", "80"}: what followed `--`
  bool has_app_args = false;         ///< `--` was there, perhaps with nothing behind it
};

/// The verb is the first word that is neither an option nor the value of an app option in front of it.
command_line split_command_line(std::span<char* const> arguments);

} // namespace procvisor::cli
