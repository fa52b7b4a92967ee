#include "cli/set.hpp"

#include <fmt/format.h>

#include "cli/settings_file.hpp"

namespace procvisor::cli {

result<exit_code> change_settings(invocation& call, const std::vector<std::pair<std::string, std::string>>& wanted) {
  std::vector<std::pair<const setting*, std::string>> changes;
  for (const auto& [name, value] : wanted) {
    auto which = setting_named(name);
    if (!which)
      return fail(std::move(which.error()));
    if (auto checked = check_setting(**which, value, name); !checked)
      return fail(std::move(checked.error()));
    changes.emplace_back(*which, value);
  }
  auto edited = edit_settings([&](std::string text) {
    for (const auto& [which, value] : changes)
      text = with_setting(text, *which, value);
    return text;
  });
  if (!edited)
    return fail(std::move(edited.error()));
  for (const auto& [which, value] : changes)
    call.out().talk(fmt::format("{}={}, for apps that are started from now on", which->name, value));
  return exit_code::done;
}

result<exit_code> run::set(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  return change_settings(call, {{call.targets()[0], call.targets()[1]}});
}

} // namespace procvisor::cli
