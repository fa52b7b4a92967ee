#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/option_table.hpp"

namespace procvisor {

/// A value for all apps that do not have one of their own: a line `KILL_TIMEOUT=3000` of the home's file `options`, or a
/// variable of whoever starts them.
struct setting {
  std::string_view name;     ///< in the file; as a variable with PROCVISOR_ in front
  std::string_view pm2_name; ///< PM2's variable, understood in both places
  option_member member;      ///< the attribute of an app that it stands in for
};

std::span<const setting> settings();

/// By its name or PM2's, also with PROCVISOR_ in front; nullptr: unknown.
const setting* find_setting(std::string_view name);

/// What a file of settings says: KEY=VALUE lines, as a shell would read them: `export` in front and quotes around the
/// value are left out, `#` starts a comment line. The last line of a key counts.
struct read_settings {
  std::map<std::string_view, std::string> values; ///< by setting::name
  std::vector<std::string> problems;              ///< one for each line that says nothing: "line 3: ..."
};
read_settings parse_settings(std::string_view text);

/// The text with the setting changed or added; all other lines stay as they are.
std::string with_setting(std::string_view text, const setting& which, std::string_view value);
std::string without_setting(std::string_view text, const setting& which);

} // namespace procvisor
