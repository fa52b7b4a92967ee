#include "cli/screen/view.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <ftxui/dom/node.hpp>

#include "cli/render/amounts.hpp"
#include "cli/render/text_width.hpp"
#include "cli/screen/plain_text.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

using namespace ftxui;

namespace {

Element sized(Element what, const area& where) {
  return std::move(what) | size(WIDTH, EQUAL, where.width) | size(HEIGHT, EQUAL, where.height);
}

std::string counts_text(const monitor& state) {
  size_t online = 0;
  size_t errored = 0;
  size_t all = 0;
  for (const auto& row : state.list.processes) {
    all += row.id == journal_id ? 0 : 1;
    online += row.id != journal_id && row.status == process_status::online ? 1 : 0;
    errored += row.status == process_status::errored ? 1 : 0;
  }
  auto text = fmt::format("{}/{} online", online, all);
  if (errored > 0)
    text += fmt::format(" {} errored", errored);
  return text;
}

std::string host_text(const monitor& state) {
  return fmt::format("cpu {:.0f}%  memory {} of {}  load {:.2f} ", state.host.cpu,
                     memory_text(static_cast<int64_t>(state.host.memory)),
                     memory_text(static_cast<int64_t>(state.host.memory_total)), state.host.load);
}

std::string_view link_text(link_state link) {
  switch (link) {
    case link_state::live:
      return "";
    case link_state::silent:
      return "waiting for the daemon";
    case link_state::gone:
      return "no daemon is running; waiting for one";
  }
  return "";
}

/// Left and right of a line, where there is room for it the first of what may stand at the right.
Element two_ends(std::string_view left, std::initializer_list<std::string> rights, int width) {
  const auto columns = static_cast<size_t>(width);
  for (const auto& right : rights)
    if (display_width(left) + display_width(right) + 2 <= columns)
      return text(fmt::format("{}{:>{}}", left, right, columns - display_width(left)));
  return text(fit_to(left, columns));
}

Element title(const monitor& state) {
  const auto trouble = link_text(state.link);
  if (!trouble.empty())
    return two_ends(fmt::format(" procvisor  {}", trouble), {}, state.columns) | color(Color::Red) | bold | inverted;
  auto left = fmt::format(" procvisor  {}", counts_text(state));
  if (!state.target.empty())
    left += fmt::format("  of {}", printable(state.target));
  if (!state.table.filter.empty())
    left += fmt::format("  filter {}", printable(state.table.filter));
  return two_ends(left, {host_text(state), fmt::format("cpu {:.0f}% ", state.host.cpu)}, state.columns) | inverted;
}

std::string subject_of(const monitor& state) {
  if (const auto* one = state.selected_process())
    return one->id == journal_id ? printable(one->name) : fmt::format("{} ({})", printable(one->name), one->id);
  return state.table.selected ? fmt::format("namespace {}", printable(state.table.selected->name_space)) : "";
}

/// "── web (3) ── log  graphs  details ──────────── following ─"
Element bar(const monitor& state, const layout& places) {
  struct tab {
    std::string_view name;
    bool is_shown;
  };
  const std::array tabs{tab{"log", places.log.height > 0}, tab{"graphs", places.graphs.height > 0},
                        tab{"details", places.details.height > 0}};
  const bool has_hidden = std::ranges::any_of(tabs, [](const tab& t) { return !t.is_shown; });
  const auto width = static_cast<size_t>(places.bar.width);
  const auto place = places.log.height > 0 ? log_place(state) : std::string{};
  Elements parts;
  size_t used = 0;
  const auto add = [&](std::string_view what, bool is_strong) {
    parts.push_back(is_strong ? text(std::string{what}) | bold : text(std::string{what}) | dim);
    used += display_width(what);
  };
  add("─ ", false);
  const auto room = width - std::min(width, display_width(place) + 30);
  add(cut_to(subject_of(state), std::max<size_t>(room, 12)), true);
  if (state.page == page_kind::overview && has_hidden) {
    add(" ── ", false);
    for (const auto& one : tabs)
      add(fmt::format("{} ", one.name), one.is_shown);
  } else {
    add(" ", false);
  }
  const auto rule = width - std::min(width, used + display_width(place) + 3);
  std::string line;
  for (size_t i = 0; i < rule; ++i)
    line += "─";
  parts.push_back(text(line) | dim);
  if (!place.empty())
    parts.push_back(text(" " + place + " "));
  parts.push_back(text("─") | dim);
  return hbox(std::move(parts));
}

Element hint_line(const monitor& state) {
  Elements parts;
  int x = 0;
  for (const auto& hint : hints_of(state)) {
    if (x + width_of(hint) > state.columns)
      break;
    parts.push_back(text(hint.label) | bold | color(Color::Cyan));
    parts.push_back(text(" " + hint.what + "  "));
    x += width_of(hint);
  }
  return hbox(std::move(parts));
}

Element last_line_of(const monitor& state) {
  const auto width = static_cast<size_t>(state.columns);
  if (const auto* asked = std::get_if<question>(&state.last)) {
    constexpr std::string_view answers = " y yes  n no ";
    const auto room = width - std::min(width, answers.size());
    return hbox({text(cut_to(printable(question_text(asked->about)), room)) | bold | color(Color::Yellow),
                 text(std::string{answers})});
  }
  if (const auto* typed = std::get_if<field>(&state.last)) {
    auto shown = printable(typed->text);
    const auto prompt = prompt_of(typed->what);
    while (display_width(shown) + prompt.size() + 2 > width && !shown.empty())
      shown = std::string{from_column(shown, 1)};
    return hbox({text(std::string{prompt}) | bold | color(Color::Yellow), text(shown), text(" ") | inverted});
  }
  if (const auto* said = std::get_if<message>(&state.last))
    return text(cut_to(printable(said->text), width)) | bold | color(said->is_trouble ? Color::Red : Color::Green);
  return hint_line(state);
}

Element panes(const monitor& state, const layout& places) {
  Elements parts;
  const auto add = [&](const area& where, Element (*draw_it)(const monitor&, const area&)) {
    if (where.height == 0)
      return;
    if (!parts.empty())
      parts.push_back(separator() | dim);
    parts.push_back(sized(draw_it(state, where), where));
  };
  add(places.graphs, usage_graphs);
  add(places.details, process_details);
  add(places.log, log_lines);
  return hbox(std::move(parts));
}

Element overview(const monitor& state, const layout& places) {
  return vbox({sized(title(state), places.title), sized(table_head(state, places.head), places.head),
               sized(table_body(state, places.table), places.table), sized(bar(state, places), places.bar),
               panes(state, places), sized(last_line_of(state), places.keys)});
}

Element log_page(const monitor& state, const layout& places) {
  const auto left =
      vbox({sized(table_head(state, places.head), places.head), sized(table_body(state, places.table), places.table)});
  const auto right = vbox({sized(bar(state, places), places.bar), sized(log_lines(state, places.log), places.log)});
  return vbox({sized(title(state), places.title), hbox({left, separator() | dim, right}),
               sized(last_line_of(state), places.keys)});
}

} // namespace

Element cell(std::string_view what, int width, bool is_right) {
  const auto columns = static_cast<size_t>(std::max(width, 0));
  if (!is_right)
    return text(fit_to(what, columns));
  const auto shown = cut_to(what, columns);
  return text(std::string(columns - display_width(shown), ' ') + shown);
}

Screen draw(const monitor& state) {
  Screen screen{state.columns, state.lines};
  const auto places = state.places();
  Element picture;
  if (places.is_too_small)
    picture = text(
        cut_to(fmt::format("at least {}x{}, q quits", least_columns, least_lines), static_cast<size_t>(state.columns)));
  else if (state.page == page_kind::overview)
    picture = overview(state, places);
  else
    picture = log_page(state, places);
  if (state.shows_help && !places.is_too_small)
    picture = dbox({picture, help_box(state)});
  Render(screen, picture);
  return screen;
}

} // namespace procvisor::cli
