/// What keys and the mouse do.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/screen/columns.hpp"
#include "cli/screen/monitor.hpp"
#include "cli/screen/monitor_actions.hpp"

namespace procvisor::cli {

namespace {

constexpr int wheel_lines = 3;
constexpr size_t longest_field = 200;

bool is_typed(const key_press& pressed, std::string_view character) {
  return pressed.what == key::character && pressed.text == character;
}

void add(effects& to, std::optional<history_request> wanted) {
  if (wanted)
    to.emplace_back(std::move(*wanted));
}

void settle(monitor& state) {
  settle_selection(state.table, state.table_lines(), state.list.processes, state.places().table.height);
}

void select(monitor& state, int by) {
  move_selection(state.table, state.table_lines(), state.list.processes, by);
  settle(state);
}

effects scroll_log(monitor& state, int by) {
  effects wanted;
  add(wanted, state.log.scroll(by, state.places().log.height));
  return wanted;
}

// -- the last line --------------------------------------------------------------

void show_typed(monitor& state, const field& typed) {
  switch (typed.what) {
    case field_kind::filter:
      state.table.filter = typed.text;
      settle(state);
      return;
    case field_kind::search:
      state.log.look_for(typed.text);
      return;
    case field_kind::scale:
      return;
  }
}

effects accept(monitor& state, const field& typed) {
  state.last = key_line{};
  effects wanted;
  switch (typed.what) {
    case field_kind::filter:
      return wanted;
    case field_kind::search:
      add(wanted, state.log.search(/*is_older=*/true, state.places().log.height));
      return wanted;
    case field_kind::scale:
      scale_to(state, typed.text);
      return wanted;
  }
  return wanted;
}

void drop_last_character(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80)
    text.pop_back();
  if (!text.empty())
    text.pop_back();
}

effects on_field(monitor& state, field typed, const key_press& pressed) {
  if (pressed.what == key::enter)
    return accept(state, typed);
  if (pressed.what == key::up || pressed.what == key::down) {
    select(state, pressed.what == key::up ? -1 : 1);
    return {};
  }
  if (pressed.what == key::escape) {
    typed.text.clear();
    show_typed(state, typed);
    state.last = key_line{};
    return {};
  }
  if (pressed.what == key::character && typed.text.size() < longest_field)
    typed.text += pressed.text;
  else if (pressed.what == key::backspace)
    drop_last_character(typed.text);
  else if (pressed.what == key::clear_line)
    typed.text.clear();
  show_typed(state, typed);
  state.last = std::move(typed);
  return {};
}

effects on_question(monitor& state, action_request about, const key_press& pressed) {
  if (is_typed(pressed, "y") || is_typed(pressed, "Y") || pressed.what == key::enter) {
    state.last = message{fmt::format("{} {} ...", to_string(about.what), about.subject), false};
    return {std::move(about)};
  }
  if (is_typed(pressed, "n") || is_typed(pressed, "N") || is_typed(pressed, "q") || pressed.what == key::escape)
    state.last = key_line{};
  return {};
}

// -- pages ------------------------------------------------------------------------

void fold(monitor& state) {
  const auto* one = state.selected_process();
  if (!state.table.selected || (one != nullptr && one->id == journal_id))
    return;
  const auto name = one != nullptr ? one->name_space : state.table.selected->name_space;
  if (!state.table.folded.erase(name))
    state.table.folded.insert(name);
  settle(state);
}

effects open(monitor& state) {
  if (state.table.selected && !state.table.selected->name_space.empty()) {
    fold(state);
    return {};
  }
  state.page = page_kind::log;
  settle(state);
  return {};
}

void next_pane(monitor& state) {
  const auto places = state.places();
  const bool shows_all = places.details.height > 0 && places.log.height > 0;
  if (shows_all)
    return;
  switch (state.pane) {
    case pane_kind::log:
      state.pane = places.graphs.height > 0 ? pane_kind::details : pane_kind::graphs; // beside the log, or not at all
      return;
    case pane_kind::graphs:
      state.pane = pane_kind::details;
      return;
    case pane_kind::details:
      state.pane = pane_kind::log;
      return;
  }
}

void next_sort(monitor& state) {
  state.table.sort = static_cast<sort_column>((static_cast<int>(state.table.sort) + 1) % sort_columns);
  state.table.is_reversed = false;
  settle(state);
}

effects toggle_pause(monitor& state) {
  effects wanted;
  if (state.log.follows())
    state.log.pause();
  else
    add(wanted, state.log.to_end());
  return wanted;
}

effects next_stream(monitor& state) {
  effects wanted;
  switch (state.log.choice()) {
    case stream_choice::both:
      add(wanted, state.log.choose(stream_choice::out));
      return wanted;
    case stream_choice::out:
      add(wanted, state.log.choose(stream_choice::err));
      return wanted;
    case stream_choice::err:
      add(wanted, state.log.choose(stream_choice::both));
      return wanted;
  }
  return wanted;
}

/// One step back: the files, the search, the filter, the page.
effects step_back(monitor& state) {
  effects wanted;
  if (state.log.history() || state.log.searched) {
    add(wanted, state.log.to_end());
  } else if (!state.log.wanted().empty()) {
    state.log.look_for({});
    add(wanted, state.log.to_end());
  } else if (!state.table.filter.empty()) {
    state.table.filter.clear();
    settle(state);
  } else if (state.page != state.home) {
    state.page = state.home;
    settle(state);
  }
  return wanted;
}

effects on_character(monitor& state, std::string_view typed) {
  const int half_page = std::max(1, state.places().log.height / 2);
  effects wanted;
  if (typed == "q")
    return {quit{}};
  if (typed == "?" || typed == "h")
    state.shows_help = true;
  else if (typed == "f")
    state.last = field{field_kind::filter, state.table.filter};
  else if (typed == "/")
    state.last = field{field_kind::search, {}};
  else if (typed == "n" || typed == "N")
    add(wanted, state.log.search(typed == "n", state.places().log.height));
  else if (typed == "e")
    return next_stream(state);
  else if (typed == "p" || (typed == " " && state.page == page_kind::log))
    return toggle_pause(state);
  else if (typed == " ")
    fold(state);
  else if (typed == "u" || typed == "d")
    return scroll_log(state, typed == "u" ? -half_page : half_page);
  else if (typed == "k" || typed == "j")
    return scroll_log(state, typed == "k" ? -1 : 1);
  else if (typed == "g")
    add(wanted, state.log.to_start(state.places().log.height));
  else if (typed == "G")
    add(wanted, state.log.to_end());
  else if (typed == "o")
    next_sort(state);
  else if (typed == "O")
    state.table.is_reversed = !state.table.is_reversed;
  else if (typed == "r")
    ask(state, process_action::restart);
  else if (typed == "R")
    ask(state, process_action::reload);
  else if (typed == "s")
    ask(state, process_action::stop);
  else if (typed == "S")
    ask(state, process_action::start);
  else if (typed == "c" || typed == "+" || typed == "-")
    ask_for_number(state, typed == "+" ? 1 : typed == "-" ? -1 : 0);
  return wanted;
}

effects on_key(monitor& state, const key_press& pressed) {
  const auto places = state.places();
  const bool is_log = state.page == page_kind::log;
  const int page = std::max(1, (is_log ? places.log.height : places.table.height) - 1);
  effects wanted;
  switch (pressed.what) {
    case key::character:
      return on_character(state, pressed.text);
    case key::enter:
      return is_log ? effects{} : open(state);
    case key::escape:
    case key::backspace:
      return step_back(state);
    case key::tab:
    case key::back_tab:
      if (!is_log)
        next_pane(state);
      return {};
    case key::up:
    case key::down:
      select(state, pressed.what == key::up ? -1 : 1);
      return {};
    case key::left:
    case key::right:
      state.log.shift(pressed.what == key::left ? -8 : 8);
      return {};
    case key::page_up:
    case key::page_down: {
      const int by = pressed.what == key::page_up ? -page : page;
      if (is_log)
        return scroll_log(state, by);
      select(state, by);
      return {};
    }
    case key::home:
    case key::end:
      if (!is_log)
        select(state, pressed.what == key::home ? -static_cast<int>(state.list.processes.size()) * 2
                                                : static_cast<int>(state.list.processes.size()) * 2);
      else
        add(wanted, pressed.what == key::home ? state.log.to_start(places.log.height) : state.log.to_end());
      return wanted;
    case key::help:
      state.shows_help = true;
      return {};
    case key::interrupt:
      return {quit{}};
    case key::suspend:
      return {suspend{}};
    case key::redraw:
      return {redraw{}};
    case key::erase:
    case key::clear_line:
      return {};
  }
  return {};
}

effects on_pressed(monitor& state, const key_press& pressed) {
  if (pressed.what == key::interrupt || pressed.what == key::suspend || pressed.what == key::redraw)
    return on_key(state, pressed);
  if (std::exchange(state.shows_help, false))
    return {};
  if (const auto* typed = std::get_if<field>(&state.last))
    return on_field(state, *typed, pressed);
  if (const auto* asked = std::get_if<question>(&state.last))
    return on_question(state, asked->about, pressed);
  state.last = key_line{};
  return on_key(state, pressed);
}

// -- the mouse ----------------------------------------------------------------------

effects on_click(monitor& state, const layout& places, const mouse_event& mouse) {
  if (places.table.has(mouse.x, mouse.y)) {
    const auto lines = state.table_lines();
    const auto at = static_cast<size_t>(state.table.first + mouse.y - places.table.y);
    if (at >= lines.size())
      return {};
    const auto clicked = selection_of(lines[at], state.list.processes);
    if (state.table.selected == clicked && state.page == page_kind::overview)
      return open(state);
    state.table.selected = clicked;
    return {};
  }
  if (places.head.has(mouse.x, mouse.y) && state.page == page_kind::overview) {
    if (const auto column = column_at(places.head.width, mouse.x)) {
      state.table.is_reversed = state.table.sort == *column && !state.table.is_reversed;
      state.table.sort = *column;
    }
    return {};
  }
  if (places.bar.has(mouse.x, mouse.y))
    return on_key(state, {key::tab});
  if (!places.keys.has(mouse.x, mouse.y) || !std::holds_alternative<key_line>(state.last))
    return {};
  int x = 0;
  for (const auto& hint : hints_of(state)) {
    if (mouse.x >= x && mouse.x < x + width_of(hint) && x + width_of(hint) <= places.keys.width)
      return on_key(state, hint.sends);
    x += width_of(hint);
  }
  return {};
}

effects on_mouse(monitor& state, const mouse_event& mouse) {
  const auto places = state.places();
  if (std::exchange(state.shows_help, false))
    return {};
  switch (mouse.action) {
    case mouse_action::press:
      return on_click(state, places, mouse);
    case mouse_action::wheel_up:
    case mouse_action::wheel_down: {
      const bool is_up = mouse.action == mouse_action::wheel_up;
      if (places.log.has(mouse.x, mouse.y))
        return scroll_log(state, is_up ? -wheel_lines : wheel_lines);
      if (places.table.has(mouse.x, mouse.y))
        select(state, is_up ? -1 : 1);
      return {};
    }
  }
  return {};
}

} // namespace

effects on_input(monitor& state, const input_event& event) {
  const auto* pressed = std::get_if<key_press>(&event);
  auto wanted = pressed != nullptr ? on_pressed(state, *pressed) : on_mouse(state, std::get<mouse_event>(event));
  if (state.unsaid && std::holds_alternative<key_line>(state.last))
    state.last = *std::exchange(state.unsaid, std::nullopt);
  return wanted;
}

} // namespace procvisor::cli
