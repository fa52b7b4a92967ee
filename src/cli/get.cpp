#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/set.hpp"
#include "cli/settings_file.hpp"

namespace procvisor::cli {

result<exit_code> print_settings(invocation& call, const std::string& name) {
  auto found = settings_of_home();
  if (!found)
    return fail(std::move(found.error()));
  const bool is_json = call.out().behaviour().json;
  if (name.empty()) {
    for (const std::string& problem : found->problems)
      call.out().warn(fmt::format("options, {}", problem));
    std::string text;
    for (const auto& [key, value] : found->values)
      text += fmt::format("{}={}\n", key, value);
    return call.out().data(is_json ? nlohmann::json(found->values).dump() + "\n" : text);
  }
  auto which = setting_named(name);
  if (!which)
    return fail(std::move(which.error()));
  const auto value = found->values.find((*which)->name);
  if (value == found->values.end())
    return fail(exit_code::not_found, fmt::format("{} is not set", (*which)->name));
  return call.out().data((is_json ? nlohmann::json(value->second).dump() : value->second) + "\n");
}

result<exit_code> run::get(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  return print_settings(call, call.targets().empty() ? "" : call.targets().front());
}

} // namespace procvisor::cli
