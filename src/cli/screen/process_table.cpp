#include "cli/screen/process_table.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

namespace procvisor::cli {

namespace {

using rpc::process_row;

/// For ASCII alone: names are seldom anything else, and a filter that is typed is not.
bool contains_text(std::string_view text, std::string_view part) {
  const auto is_equal = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), is_equal) != text.end();
}

bool passes(const process_row& row, std::string_view filter) {
  return filter.empty() || contains_text(row.name, filter) || contains_text(row.name_space, filter)
         || to_string(row.status).starts_with(filter) || fmt::format("{}", row.id) == filter;
}

bool is_before(const process_row& a, const process_row& b, sort_column column) {
  switch (column) {
    case sort_column::id:
      return a.id < b.id;
    case sort_column::name:
      return a.name < b.name;
    case sort_column::mode:
      return a.mode < b.mode;
    case sort_column::restarts:
      return a.restarts > b.restarts;
    case sort_column::status:
      return to_string(a.status) < to_string(b.status);
    case sort_column::uptime:
      return (a.pid != 0 ? a.started_at : 0) > (b.pid != 0 ? b.started_at : 0); // the youngest first
    case sort_column::cpu:
      return a.cpu > b.cpu;
    case sort_column::memory:
      return a.memory > b.memory;
  }
  return false;
}

/// The journal stands behind all processes.
bool stands_before(const process_row& a, const process_row& b, const table_view& view) {
  if ((a.id == journal_id) != (b.id == journal_id))
    return b.id == journal_id;
  const bool forward = is_before(a, b, view.sort);
  if (forward != is_before(b, a, view.sort))
    return forward != view.is_reversed;
  return a.id < b.id;
}

namespace_line heading_of(const std::string& name, std::span<const size_t> members, std::span<const process_row> rows,
                          const table_view& view) {
  namespace_line heading{.name = name, .processes = members.size(), .is_folded = view.folded.contains(name)};
  for (const size_t at : members) {
    heading.online += rows[at].status == process_status::online ? 1 : 0;
    heading.cpu += rows[at].cpu;
    heading.memory += rows[at].memory;
  }
  return heading;
}

bool is_heading(const selection& what) {
  return !what.name_space.empty();
}

} // namespace

std::string_view to_string(sort_column column) {
  switch (column) {
    case sort_column::id:
      return "id";
    case sort_column::name:
      return "name";
    case sort_column::mode:
      return "mode";
    case sort_column::restarts:
      return "restarts";
    case sort_column::status:
      return "status";
    case sort_column::uptime:
      return "uptime";
    case sort_column::cpu:
      return "cpu";
    case sort_column::memory:
      return "memory";
  }
  return "";
}

std::vector<table_line> table_lines(std::span<const process_row> rows, const table_view& view) {
  std::map<std::string, std::vector<size_t>> by_namespace;
  std::set<std::string_view> namespaces; // that there are, with the filter or without
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].id != journal_id)
      namespaces.insert(rows[i].name_space);
    if (passes(rows[i], view.filter))
      by_namespace[rows[i].name_space].push_back(i);
  }
  std::vector<table_line> lines;
  std::vector<size_t> journal;
  for (auto& [name, members] : by_namespace) {
    std::ranges::sort(members, [&](size_t a, size_t b) { return stands_before(rows[a], rows[b], view); });
    if (!members.empty() && rows[members.back()].id == journal_id) {
      journal.push_back(members.back());
      members.pop_back();
    }
    if (members.empty())
      continue;
    const bool is_folded = namespaces.size() > 1 && view.folded.contains(name);
    if (namespaces.size() > 1)
      lines.emplace_back(heading_of(name, members, rows, view));
    if (!is_folded)
      lines.insert(lines.end(), members.begin(), members.end());
  }
  lines.insert(lines.end(), journal.begin(), journal.end());
  return lines;
}

selection selection_of(const table_line& line, std::span<const process_row> rows) {
  if (const auto* heading = std::get_if<namespace_line>(&line))
    return {heading->name, 0};
  return {{}, rows[std::get<size_t>(line)].id};
}

std::optional<size_t> selected_line(const table_view& view, std::span<const table_line> lines,
                                    std::span<const process_row> rows) {
  for (size_t i = 0; view.selected && i < lines.size(); ++i)
    if (selection_of(lines[i], rows) == *view.selected)
      return i;
  return std::nullopt;
}

void move_selection(table_view& view, std::span<const table_line> lines, std::span<const process_row> rows, int by) {
  if (lines.empty())
    return;
  const auto at = static_cast<int64_t>(selected_line(view, lines, rows).value_or(0));
  const auto to = std::clamp<int64_t>(at + by, 0, static_cast<int64_t>(lines.size()) - 1);
  view.selected = selection_of(lines[static_cast<size_t>(to)], rows);
}

void settle_selection(table_view& view, std::span<const table_line> lines, std::span<const process_row> rows,
                      int height) {
  height = std::max(height, 1); // on a screen that is too small there is no line
  const int count = static_cast<int>(lines.size());
  if (count == 0) {
    view.selected.reset();
    view.first = 0;
    return;
  }
  if (!selected_line(view, lines, rows)) {
    // A process whose namespace was folded is represented by the heading; else the first process is what is looked for.
    const auto heading = std::ranges::find_if(lines, [&](const table_line& line) {
      const auto* found = std::get_if<namespace_line>(&line);
      return found != nullptr && view.selected && !is_heading(*view.selected) && found->is_folded
             && std::ranges::any_of(rows, [&](const process_row& row) {
                  return row.id == view.selected->id && row.name_space == found->name;
                });
    });
    const auto first =
        std::ranges::find_if(lines, [](const table_line& l) { return std::holds_alternative<size_t>(l); });
    const auto chosen = heading != lines.end() ? heading : first != lines.end() ? first : lines.begin();
    view.selected = selection_of(*chosen, rows);
  }
  const int at = static_cast<int>(selected_line(view, lines, rows).value_or(0));
  view.first = std::clamp(view.first, std::max(0, at - height + 1), at);
  view.first = std::clamp(view.first, 0, std::max(0, count - height));
}

} // namespace procvisor::cli
