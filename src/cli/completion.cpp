#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "cli/completion_install.hpp"
#include "cli/completion_scripts.hpp"
#include "cli/invocation.hpp"
#include "cli/show_list.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

namespace {

std::vector<verb_words> collect_verbs(console& out) {
  std::vector<verb_words> all;
  for (const verb& what : verbs()) {
    verb_words one{&what, {}};
    invocation asked{what, {}, out};
    asked.only_collect(one.options);
    (void)what.run(asked); // declares its options, and ends there
    all.push_back(std::move(one));
  }
  return all;
}

/// Each once; a daemon that cannot be asked has none: a shell that completes a word is no place for errors.
std::string names_of_apps() {
  auto found = list_of_all();
  std::vector<std::string> names;
  if (found)
    for (const rpc::process_row& row : found->processes)
      names.push_back(row.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string text;
  for (const std::string& name : names)
    text += name + "\n";
  return text;
}

std::string shell_of_user() {
  const char* shell = std::getenv("SHELL");
  const std::string path = shell != nullptr ? shell : "bash";
  return path.substr(path.rfind('/') + 1);
}

} // namespace

result<exit_code> run::completion(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  const std::string wanted = call.targets().empty() ? shell_of_user() : call.targets().front();
  if (wanted == "names")
    return call.out().data(names_of_apps());
  if (wanted == "install" || wanted == "uninstall") {
    const bool installs = wanted == "install";
    return (installs ? install_completion(shell_of_user()) : uninstall_completion(shell_of_user()))
        .map([&](const std::string& file) {
          call.out().talk(fmt::format("{} {}", installs ? "written to" : "taken out of", file));
          return exit_code::done;
        });
  }
  if (wanted == "bash")
    return call.out().data(bash_completion(collect_verbs(call.out())));
  if (wanted == "zsh")
    return call.out().data(zsh_completion(collect_verbs(call.out())));
  if (wanted == "fish")
    return call.out().data(fish_completion(collect_verbs(call.out())));
  return fail(exit_code::usage, fmt::format("there is no completion for {}", in_quotes(wanted)),
              "procvisor completion bash, zsh or fish");
}

} // namespace procvisor::cli
