#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/app_spec.hpp"
#include "core/option_table.hpp"
#include "core/result.hpp"

namespace procvisor {
struct deploy_target;
}

namespace procvisor::config {

/// App options of the command line, parsed but not yet read: the key of the row in core/option_table, and the values as
/// typed (none for a flag without one; {"false"} for --no-treekill).
using given_options = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Who asks: names in files and on command lines are relative to it.
struct caller {
  std::string cwd;             ///< absolute
  std::string search_path;     ///< $PATH
  std::string home;            ///< $HOME, for ~
  std::string program = {};    ///< path of this program, which is what serves static files
  given_options defaults = {}; ///< for apps that do not say otherwise (core/settings)
};

struct file_request {
  std::string path = {};       ///< relative to the caller; "-": the text below
  std::string stdin_text = {}; ///< what was read from standard input
  std::string env_name = {};   ///< --env; empty: not given
  std::vector<std::string> only = {};
  given_options options = {}; ///< those that do not count with a file are dropped with a warning
  caller who = {};
};

struct command_line {
  std::string script = {}; ///< as typed; with spaces and no such file: a command line for bash -c
  given_options options = {};
  std::vector<std::string> args = {}; ///< what followed --
  caller who = {};
  environment env = {}; ///< of the app alone
};

struct loaded {
  std::vector<app_spec> apps;       ///< in the order of the file
  std::vector<std::string> forced;  ///< names of the apps that say force: true
  std::vector<std::string> written; ///< names of the apps that say write: true
  std::vector<std::string> warnings;
};

/// Reads and resolves all apps of a file; all or nothing. The error lists every problem of the file, one a line, each
/// with file:line:column.
result<loaded> load_file(const file_request& request);

/// Exactly one app.
result<loaded> from_command_line(const command_line& request);

/// The names of the apps of a file, for `stop FILE` and `delete FILE`: nothing is resolved, so that a script or a
/// folder that is gone is no error.
result<std::vector<std::string>> names_in_file(const file_request& request);

struct deploy_file {
  std::string path = {};       ///< relative to the caller; "-": the text below
  std::string stdin_text = {}; ///< what was read from standard input
  std::string environment = {};
  caller who = {};
};

/// One environment of a file's `deploy`. Fails with not_found where there is none of that name.
result<deploy_target> load_deploy_target(const deploy_file& request);

/// What is wrong with all environments of a file's `deploy`, as load_file() says it of the apps. None is no failure; the
/// request's environment is not looked at.
result<void> check_deploy_section(const deploy_file& request);

/// What is wrong with a value of an attribute, were it given on a command line.
result<void> check_option(const app_option& option, const std::string& value);

/// Whether a target is a file of apps by its name: `-`, or it contains .json .yml .yaml .config.js .config.cjs
/// .config.mjs (PM2's rule: anywhere in the name).
bool is_config_file(std::string_view target);

/// The file that a verb without a target means: the first of ecosystem.json, .yaml, .yml, .config.js, .config.cjs,
/// .config.mjs and package.json (only one with apps) in a folder.
std::optional<std::string> find_default_file(const std::string& folder);

/// The same for `deploy`: package.json is one where it has a `deploy`.
std::optional<std::string> find_default_deploy_file(const std::string& folder);

} // namespace procvisor::config
