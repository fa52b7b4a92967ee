#include "cli/file_targets.hpp"

#include <algorithm>

#include "cli/caller.hpp"

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

} // namespace procvisor::cli
