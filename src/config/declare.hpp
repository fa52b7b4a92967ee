#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"
#include "config/problems.hpp"
#include "config/values.hpp"

namespace procvisor::config {

/// An option that was given, and where.
struct given_key {
  const app_option* option = nullptr;
  text_position at;    ///< of the key; unknown for the command line
  bool is_bad = false; ///< its value is not read, and a problem says why
};

/// One app as it was written; its values are of the right types and in range, or a problem says which is not.
struct declared_app : declared_values {
  text_position at;
  std::vector<given_key> given;
  std::vector<std::string_view> without_effect; ///< keys that are PM2's own

  bool has(option_member member) const;
  bool is_bad(option_member member) const;
  text_position position_of(option_member member) const; ///< of the app where it was not given

private:
  const given_key* find(option_member member) const;
};

/// Reads an object of a file.
declared_app declare_app(const json_value& app, const source_map& where, problem_list& problems);

/// Reads the options of a command line.
declared_app declare_options(const given_options& options, problem_list& problems);

/// How messages name an attribute: 'cwd' in a file, --cwd on a command line.
std::string subject(const problem_list& problems, const app_option& option);

} // namespace procvisor::config
