#pragma once

#include <string>
#include <vector>

#include "config/changes.hpp"
#include "config/load.hpp"
#include "core/result.hpp"

namespace procvisor::cli {

/// The options by which a verb chooses from a file: --env, --only.
struct file_choice {
  std::string env_name;
  std::string only; ///< names, separated by commas or spaces
};

/// An error where a choice is to be made and a target is no file.
result<void> check_choice(const file_choice& choice, const std::vector<std::string>& targets);

/// `start --watch app.js`, as PM2 0.12 has it: where no target was given, the word behind --watch is the target, and
/// --watch has no value.
std::vector<std::string> targets_behind_watch(std::vector<std::string> targets, config::given_options& options);

/// What the targets of a verb without any mean: the file of apps in the working directory. Fails with usage where there
/// is none.
result<std::vector<std::string>> targets_or_default_file(const std::vector<std::string>& targets,
                                                         const config::caller& who);

/// For a target that config::is_config_file(): reads standard input where it is `-`.
result<config::file_request> file_request_for(const std::string& target, const file_choice& choice,
                                              const config::given_options& options, const config::caller& who);

/// The apps that a target describes: a file or a script.
result<config::loaded> load_target(const std::string& target, const file_choice& choice,
                                   const config::change_request& said);

} // namespace procvisor::cli
