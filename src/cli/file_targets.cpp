#include "cli/file_targets.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/caller.hpp"
#include "cli/restart.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

namespace {

std::vector<std::string> split_names(std::string_view names) {
  std::vector<std::string> parts;
  while (!names.empty()) {
    size_t end = std::min(names.find_first_of(", "), names.size());
    if (end > 0)
      parts.emplace_back(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return parts;
}

} // namespace

result<void> check_choice(const file_choice& choice, const std::vector<std::string>& targets) {
  auto other = std::find_if_not(targets.begin(), targets.end(), config::is_config_file);
  if (other == targets.end())
    return {};
  if (!choice.env_name.empty())
    return fail(exit_code::usage, fmt::format("--env chooses from a file, and {} is none", in_quotes(*other)),
                "name the file as well, or set variables in front of the command: NODE_ENV=production procvisor ...");
  if (!choice.only.empty())
    return fail(exit_code::usage, fmt::format("--only chooses from a file, and {} is none", in_quotes(*other)));
  return {};
}

std::vector<std::string> targets_behind_watch(std::vector<std::string> targets, config::given_options& options) {
  const auto watch = options.find(option_of(&app_spec::watch).key);
  if (!targets.empty() || watch == options.end() || watch->second.size() != 1 || watch->second.front() == "true"
      || watch->second.front() == "false")
    return targets;
  return std::exchange(watch->second, {});
}

result<std::vector<std::string>> targets_or_default_file(const std::vector<std::string>& targets,
                                                         const config::caller& who) {
  if (!targets.empty())
    return targets;
  if (auto file = config::find_default_file(who.cwd))
    return std::vector{*file};
  return fail(exit_code::usage, "no target was given, and this folder has no file of apps",
              "name an app, or write ecosystem.json");
}

result<config::file_request> file_request_for(const std::string& target, const file_choice& choice,
                                              const config::given_options& options, const config::caller& who) {
  config::file_request request{target, {}, choice.env_name, split_names(choice.only), options, who};
  if (target == "-") {
    auto text = read_standard_input();
    if (!text)
      return fail(std::move(text.error()));
    request.stdin_text = std::move(*text);
  }
  return request;
}

result<config::loaded> load_target(const std::string& target, const file_choice& choice,
                                   const config::change_request& said) {
  const auto& [options, args, has_args, who] = said;
  if (config::is_config_file(target))
    return file_request_for(target, choice, options, who).and_then(config::load_file).map([&](config::loaded apps) {
      if (has_args)
        apps.warnings.emplace_back(no_args_for_a_file);
      return apps;
    });
  return config::from_command_line({target, options, args, who});
}

} // namespace procvisor::cli
