#include "cli/screen/monitor_actions.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/text.hpp"
#include "core/units.hpp"

namespace procvisor::cli {

namespace {

/// A name that is a number stands before the id, so that one cannot be said.
const rpc::process_row* namesake_of(const monitor& state, const rpc::process_row& row) {
  const auto number = std::to_string(row.id);
  const auto found = std::ranges::find_if(state.list.processes, [&](const rpc::process_row& other) {
    return (other.name == number || other.name_space == number) && other.id != row.id;
  });
  return found == state.list.processes.end() ? nullptr : &*found;
}

/// Empty ids: there is nothing to act on, and the last line says why.
action_request about_selected(monitor& state, process_action what) {
  action_request request{.what = what};
  for (const auto* row : state.selected_processes()) {
    if (row->id == journal_id)
      continue;
    if (namesake_of(state, *row) != nullptr) {
      state.last = message{fmt::format("an app is called '{}': name this one on a command line", row->id), true};
      return {.what = what};
    }
    request.ids.push_back(row->id);
    request.app = row->name;
    request.subject = fmt::format("{} (id {})", row->name, row->id);
  }
  if (request.ids.empty())
    state.last = message{"no process is selected", true};
  else if (state.selected_process() == nullptr)
    request.subject = fmt::format("namespace {} ({} processes)", state.table.selected->name_space, request.ids.size());
  return request;
}

} // namespace

void ask(monitor& state, process_action what) {
  if (auto request = about_selected(state, what); !request.ids.empty())
    state.last = question{std::move(request)};
}

void ask_for_number(monitor& state, int by) {
  const auto* one = state.selected_process();
  if (one == nullptr || one->id == journal_id) {
    state.last = message{"select a process to scale its app", true};
    return;
  }
  const auto count = std::ranges::count(state.list.processes, one->name, &rpc::process_row::name);
  state.last = field{field_kind::scale, std::to_string(std::max<int64_t>(1, count + by))};
}

void scale_to(monitor& state, const std::string& typed) {
  const auto* one = state.selected_process();
  const auto number = parse_integer(typed);
  if (one == nullptr || !number || *number < 1 || *number > 10'000) {
    state.last = message{fmt::format("{} is no number of processes", in_quotes(typed)), true};
    return;
  }
  state.last = question{{.what = process_action::scale,
                         .ids = {one->id},
                         .subject = one->name,
                         .app = one->name,
                         .processes = static_cast<int>(*number)}};
}

} // namespace procvisor::cli
