#include <fmt/format.h>

#include "cli/invocation.hpp"
#include "cli/settings_file.hpp"

namespace procvisor::cli {

result<exit_code> run::unset(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  const std::string& name = call.targets().front();
  std::vector<const setting*> which;
  if (name == "all") {
    for (const setting& one : settings())
      which.push_back(&one);
  } else {
    auto found = setting_named(name);
    if (!found)
      return fail(std::move(found.error()));
    which.push_back(*found);
  }
  auto edited = edit_settings([&](std::string text) {
    for (const setting* one : which)
      text = without_setting(text, *one);
    return text;
  });
  if (!edited)
    return fail(std::move(edited.error()));
  for (const setting* one : which)
    call.out().talk(fmt::format("{} is not set", one->name));
  return exit_code::done;
}

} // namespace procvisor::cli
