#include "config/moved_interpreters.hpp"

#include <optional>
#include <set>

#include <fmt/format.h>

#include "core/text.hpp"
#include "os/find_program.hpp"

namespace procvisor::config {

namespace {

std::string path_variable(const process_record& process) {
  if (const auto own = process.spec->env.find("PATH"); own != process.spec->env.end())
    return own->second;
  if (!process.caller)
    return {};
  const auto inherited = process.caller->find("PATH");
  return inherited != process.caller->end() ? inherited->second : std::string{};
}

std::optional<std::string> find_anew(const process_record& process, std::string_view search_path) {
  const std::string& name = process.spec->interpreter; // one with a slash is found nowhere else
  const std::string own = path_variable(process);
  auto found = own.empty() ? std::nullopt : os::find_program(name, own, process.spec->cwd);
  return found ? found : os::find_program(name, search_path, process.spec->cwd);
}

} // namespace

std::vector<std::string> find_moved_interpreters(saved_state& list, std::string_view search_path) {
  std::vector<std::string> notes;
  std::set<std::string> told;
  for (auto& [id, process] : list.processes) {
    const app_spec& old = *process.spec;
    if (old.interpreter_path.empty() || os::is_executable(old.interpreter_path))
      continue;
    const auto found = find_anew(process, search_path);
    if (told.insert(old.name).second)
      notes.push_back(found ? fmt::format("{}: {} is gone; taking {}", printable(old.name),
                                          in_quotes(old.interpreter_path), in_quotes(*found))
                            : fmt::format("{}: {} is gone, and no other {} was found", printable(old.name),
                                          in_quotes(old.interpreter_path), in_quotes(old.interpreter)));
    if (!found)
      continue; // its start will fail, and say so
    auto changed = std::make_shared<app_spec>(old);
    changed->interpreter_path = *found;
    changed->node_version.clear(); // that of the other one
    process.spec = std::move(changed);
  }
  return notes;
}

} // namespace procvisor::config
