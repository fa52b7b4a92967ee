#include "cli/screen/monitor.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace procvisor::cli {

const rpc::process_row* monitor::selected_process() const {
  if (!table.selected || !table.selected->name_space.empty())
    return nullptr;
  const auto found = std::ranges::find(list.processes, table.selected->id, &rpc::process_row::id);
  return found == list.processes.end() ? nullptr : &*found;
}

std::vector<const rpc::process_row*> monitor::selected_processes() const {
  std::vector<const rpc::process_row*> found;
  if (const auto* one = selected_process())
    return {one};
  for (const auto& row : list.processes)
    if (table.selected && row.id != journal_id && row.name_space == table.selected->name_space)
      found.push_back(&row);
  return found;
}

void take_list(monitor& state, rpc::process_list list) {
  state.list = std::move(list);
  settle_selection(state.table, state.table_lines(), state.list.processes, state.places().table.height);
}

void take_size(monitor& state, int columns, int lines) {
  state.columns = columns;
  state.lines = lines;
  settle_selection(state.table, state.table_lines(), state.list.processes, state.places().table.height);
}

void say(monitor& state, message what) {
  const bool is_busy = std::holds_alternative<field>(state.last) || std::holds_alternative<question>(state.last);
  if (is_busy)
    state.unsaid = std::move(what);
  else
    state.last = std::move(what);
}

std::string_view to_string(process_action action) {
  switch (action) {
    case process_action::restart:
      return "restart";
    case process_action::reload:
      return "reload";
    case process_action::start:
      return "start";
    case process_action::stop:
      return "stop";
    case process_action::scale:
      return "scale";
  }
  return "";
}

std::string question_text(const action_request& about) {
  if (about.what == process_action::scale)
    return fmt::format("scale {} to {}?", about.app, about.processes);
  return fmt::format("{} {}?", to_string(about.what), about.subject);
}

std::string_view prompt_of(field_kind what) {
  switch (what) {
    case field_kind::filter:
      return "filter: ";
    case field_kind::search:
      return "search: ";
    case field_kind::scale:
      return "number of processes: ";
  }
  return "";
}

int width_of(const key_hint& hint) {
  return static_cast<int>(hint.label.size() + hint.what.size()) + 3;
}

std::vector<key_hint> hints_of(const monitor& state) {
  const auto typed = [](const char* character) { return key_press{key::character, character}; };
  if (state.page == page_kind::log) {
    std::vector<key_hint> hints{{"?", "help", typed("?")},
                                {"/", "search", typed("/")},
                                {"p", state.log.follows() ? "pause" : "follow", typed("p")},
                                {"e", std::string{to_string(state.log.choice())}, typed("e")},
                                {"PgUp", "older", {key::page_up}},
                                {"f", "filter", typed("f")},
                                {"n", "next", typed("n")}};
    if (state.home == page_kind::overview)
      hints.insert(hints.begin() + 1, {"Esc", "back", {key::escape}});
    hints.insert(hints.begin() + 1, {"q", "quit", typed("q")});
    return hints;
  }
  std::vector<key_hint> hints{{"?", "help", typed("?")},    {"q", "quit", typed("q")},  {"Enter", "log", {key::enter}},
                              {"r", "restart", typed("r")}, {"s", "stop", typed("s")},  {"S", "start", typed("S")},
                              {"f", "filter", typed("f")},  {"o", "sort", typed("o")},  {"Tab", "pane", {key::tab}},
                              {"R", "reload", typed("R")},  {"c", "scale", typed("c")}, {"/", "search", typed("/")},
                              {"e", "out/err", typed("e")}};
  if (state.places().details.height > 0 && state.places().log.height > 0) // no pane is hidden
    std::erase_if(hints, [](const key_hint& hint) { return hint.sends.what == key::tab; });
  return hints;
}

} // namespace procvisor::cli
