#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/screen/input.hpp"
#include "cli/screen/layout.hpp"
#include "cli/screen/log_pane.hpp"
#include "cli/screen/process_table.hpp"
#include "cli/screen/samples.hpp"
#include "os/host_usage.hpp"
#include "rpc/process_row.hpp"

namespace procvisor::cli {

/// What a key can do to processes.
enum class process_action : uint8_t { restart, reload, start, stop, scale };

struct action_request {
  process_action what = process_action::restart;
  std::vector<int64_t> ids = {};
  std::string subject = {}; ///< "web (id 3)", for people
  std::string app = {};     ///< whose number of processes is changed
  int processes = 0;        ///< to how many
};

// -- what stands in the last line ------------------------------------------------

/// Keys that can be pressed.
struct key_line {};
/// What has come of an action.
struct message {
  std::string text;
  bool is_trouble = false;
};
/// Something is typed into it.
enum class field_kind : uint8_t { filter, search, scale };
struct field {
  field_kind what = field_kind::filter;
  std::string text;
};
/// Nothing happens to a process before it is answered.
struct question {
  action_request about;
};
using last_line = std::variant<key_line, message, field, question>;

enum class link_state : uint8_t {
  live,
  silent, ///< connected, and nothing answers yet
  gone,   ///< there is no daemon
};

/// What is to be done outside of the state.
struct quit {};
struct suspend {};
struct redraw {};
using effect = std::variant<quit, suspend, redraw, action_request, history_request>;
using effects = std::vector<effect>;

/// What a screen shows, and what it does when something is pressed. Knows nothing of terminals and sockets: input and
/// replies go in, a picture (view.hpp) and effects come out.
struct monitor {
  // -- what is known
  rpc::process_list list;
  usage_histories histories;
  usage_history host_history;
  os::host_usage host;
  nlohmann::json details; ///< of the selected process, as `describe` has it
  link_state link = link_state::gone;
  std::chrono::milliseconds now{}; ///< since the epoch
  std::string target;              ///< what the list was restricted to; empty: nothing

  // -- how it is looked at
  page_kind home = page_kind::overview; ///< the page of the verb
  page_kind page = page_kind::overview;
  pane_kind pane = pane_kind::log;
  table_view table;
  log_pane log;
  last_line last;
  std::optional<message> unsaid; ///< while something is typed or asked there
  bool shows_help = false;
  int columns = 80;
  int lines = 24;

  std::vector<table_line> table_lines() const { return cli::table_lines(list.processes, table); }
  layout places() const { return layout_of(page, pane, columns, lines, static_cast<int>(table_lines().size())); }

  /// nullptr: none is, or a namespace.
  const rpc::process_row* selected_process() const;
  /// The processes that are selected: one, or those of a namespace.
  std::vector<const rpc::process_row*> selected_processes() const;
};

void take_list(monitor& state, rpc::process_list list);
void take_size(monitor& state, int columns, int lines);

/// Says it in the last line, or as soon as that is free.
void say(monitor& state, message what);

effects on_input(monitor& state, const input_event& event);

/// A key that stands in the last line, and what a click on it does.
struct key_hint {
  std::string label; ///< "r"
  std::string what;  ///< "restart"
  key_press sends;
};
/// In the order of their importance: those at the end are left out where there is no room.
std::vector<key_hint> hints_of(const monitor& state);
/// How wide one is, with the space behind it.
int width_of(const key_hint& hint);

std::string_view to_string(process_action action);
/// "restart web (id 3)?"
std::string question_text(const action_request& about);
/// "filter: "
std::string_view prompt_of(field_kind what);

} // namespace procvisor::cli
