#include "cli/render/describe.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/render/amounts.hpp"
#include "cli/render/colour.hpp"
#include "cli/render/status.hpp"
#include "cli/render/text_width.hpp"
#include "core/option_table.hpp"
#include "core/text.hpp"
#include "rpc/process_row.hpp"

namespace procvisor::cli {

namespace {

constexpr const char* not_known = "N/A";

using line = described_line;

/// The value of an attribute as text: lists with spaces between their words.
std::string text_of(const nlohmann::json& value) {
  if (value.is_string())
    return value.get<std::string>();
  if (!value.is_array())
    return value.dump();
  std::string words;
  for (const nlohmann::json& word : value)
    words += (words.empty() ? "" : " ") + text_of(word);
  return words;
}

std::string attribute(const nlohmann::json& process, option_member member) {
  auto found = process.find(option_of(member).key);
  std::string text = found != process.end() && !found->is_null() ? text_of(*found) : "";
  return text.empty() ? not_known : text;
}

std::string or_not_known(const std::string& text) {
  return text.empty() ? not_known : text;
}

std::string moment(int64_t milliseconds) {
  return milliseconds == 0 ? not_known : time_text(std::chrono::milliseconds{milliseconds});
}

/// Only of a process that has ended at least once: the code of one that never ran would be a lie.
std::string last_exit(const rpc::process_row& row) {
  if (row.exit_signal != 0)
    return fmt::format("signal {}", row.exit_signal);
  bool has_ended = row.exit_code != 0 || row.restarts > 0 || (row.pid == 0 && row.started_at != 0);
  return has_ended ? fmt::format("code {}", row.exit_code) : not_known;
}

/// The actions that `trigger` can ask it for, with commas between them.
std::string action_names(const nlohmann::json& process) {
  std::vector<std::string> names;
  for (const nlohmann::json& action : process.value("axm_actions", nlohmann::json::array()))
    names.push_back(action.value("action_name", ""));
  return fmt::format("{}", fmt::join(names, ", "));
}

/// "Queue 12 jobs, Latency 3.2 ms"
std::string metric_values(const nlohmann::json& process) {
  std::vector<std::string> values;
  for (const auto& [name, value] : metrics_of(process))
    values.push_back(fmt::format("{} {}", name, value));
  return fmt::format("{}", fmt::join(values, ", "));
}

/// When cron_restart is due, with commas between them.
std::string due_times(const nlohmann::json& process) {
  std::vector<std::string> times;
  for (const nlohmann::json& at : process.value("cron_next", nlohmann::json::array()))
    times.push_back(time_text(std::chrono::milliseconds{at.get<int64_t>()}));
  return fmt::format("{}", fmt::join(times, ", "));
}

/// The path, and what becomes of it: the rule by which `resurrect` finds an interpreter at boot.
std::string interpreter_path(const nlohmann::json& process) {
  const std::string path = attribute(process, &app_spec::interpreter_path);
  const bool was_named = attribute(process, &app_spec::interpreter).find('/') == std::string::npos;
  if (path == not_known)
    return path;
  return path + (was_named ? " (while it is there, then the first of PATH)" : " (as declared)");
}

std::string watched_paths(const nlohmann::json& process) {
  const auto paths = process.find(option_of(&app_spec::watch).key);
  return paths != process.end() && paths->is_array() ? text_of(*paths) : attribute(process, &app_spec::cwd);
}

/// "7 (5 exit, 2 watch)": those that somebody asked for are the rest.
std::string restart_counts_of(const nlohmann::json& process, const rpc::process_row& row) {
  std::vector<std::string> parts;
  const nlohmann::json counts = process.value("restarts_by", nlohmann::json::object());
  for (const auto& [kind, count] : counts.items())
    if (kind != to_string(restart_kind::command))
      parts.push_back(fmt::format("{} {}", count.dump(), kind));
  return parts.empty() ? std::to_string(row.restarts) : fmt::format("{} ({})", row.restarts, fmt::join(parts, ", "));
}

/// The text in pieces that are at most so wide.
std::vector<std::string> wrapped(std::string_view text, size_t columns) {
  std::vector<std::string> pieces;
  while (display_width(text) > columns) {
    std::string piece = cut_to(text, columns + 1); // its last column is the ellipsis
    size_t bytes = piece.size() - std::string_view{"…"}.size();
    if (bytes == 0)
      break;
    pieces.emplace_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  pieces.emplace_back(text);
  return pieces;
}

std::string rule(std::string_view left, std::string_view middle, std::string_view right, size_t titles, size_t values) {
  std::string text{left};
  for (size_t i = 0; i < titles + 2; ++i)
    text += "─";
  text += middle;
  for (size_t i = 0; i < values + 2; ++i)
    text += "─";
  return text.append(right) + "\n";
}

/// Where no table fits: the terminal breaks the lines.
std::string frameless(const std::vector<line>& lines, const canvas& on) {
  std::string text;
  for (const line& l : lines)
    text += painted(l.title, colour::bold_cyan, on.coloured) + ": " + painted(l.value, l.paint, on.coloured) + "\n";
  return text;
}

} // namespace

std::vector<std::pair<std::string, std::string>> metrics_of(const nlohmann::json& process) {
  std::vector<std::pair<std::string, std::string>> found;
  const nlohmann::json metrics = process.value("axm_monitor", nlohmann::json::object());
  for (const auto& [name, metric] : metrics.items()) {
    const nlohmann::json value = metric.is_object() ? metric.value("value", nlohmann::json{}) : metric;
    const std::string unit = metric.is_object() && metric.contains("unit") ? " " + text_of(metric.at("unit")) : "";
    found.emplace_back(name, text_of(value) + unit);
  }
  return found;
}

std::vector<line> describe_lines(const nlohmann::json& process, std::chrono::milliseconds now) {
  const rpc::process_row row = rpc::row_from_json(process);
  std::vector<line> lines{
      {"status", std::string{to_string(row.status)}, colour_of(row.status)},
  };
  if (!row.reason.empty())
    lines.push_back({"reason", row.reason, colour::yellow});
  if (auto failed = process.value("failed_reload", ""); !failed.empty())
    lines.push_back({"reload failed", std::move(failed), colour::yellow});
  if (!row.cause.empty())
    lines.push_back({"restarted because", row.cause});
  if (!row.watch_trouble.empty())
    lines.push_back({"watch", row.watch_trouble, colour::yellow});
  std::vector<line> rest{
      {"name", row.name},
      {"namespace", row.name_space},
      {"version", or_not_known(row.version)},
      {"restarts", restart_counts_of(process, row)},
      {"uptime", row.pid == 0 ? "0" : uptime_text(rpc::uptime_of(row, now))},
      {"pid", row.pid == 0 ? not_known : std::to_string(row.pid)},
      {"last exit", last_exit(row)},
      {"cpu", cpu_text(row.cpu)},
      {"memory", memory_text(row.memory)},
      {"user", or_not_known(row.user)},
      {"script path", attribute(process, &app_spec::exec_path)},
      {"script args", attribute(process, &app_spec::args)},
      {"error log path", attribute(process, &app_spec::error_file)},
      {"out log path", attribute(process, &app_spec::out_file)},
      {"pid path", attribute(process, &app_spec::pid_file)},
      {"interpreter", attribute(process, &app_spec::interpreter)},
      {"interpreter path", interpreter_path(process)},
      {"interpreter args", attribute(process, &app_spec::node_args)},
      {"script id", std::to_string(row.id)},
      {"instance", std::to_string(row.instance)},
      {"exec cwd", attribute(process, &app_spec::cwd)},
      {"exec mode", row.mode + "_mode"},
      {"node.js version", attribute(process, &app_spec::node_version)},
      {"kill signal", attribute(process, &app_spec::kill_signal)},
      {"watch & reload", row.watching ? "✔" : "✘"},
      {"unstable restarts", std::to_string(row.unstable_restarts)},
      {"created at", moment(row.created_at)},
      {"started at", moment(row.started_at)},
  };
  if (process.contains(option_of(&app_spec::log_file).key))
    rest.push_back({"entire log path", attribute(process, &app_spec::log_file)});
  if (auto limit = process.value(std::string{option_of(&app_spec::max_memory_restart).key}, int64_t{0}); limit > 0)
    rest.push_back({"max memory restart", memory_text(limit)});
  if (row.watching)
    rest.push_back({"watched", watched_paths(process)});
  if (process.contains(option_of(&app_spec::cron_restart).key)) {
    rest.push_back({"cron restart", attribute(process, &app_spec::cron_restart)});
    rest.push_back({"next restarts", due_times(process)});
  }
  std::move(rest.begin(), rest.end(), std::back_inserter(lines));
  if (process.contains("status_text"))
    lines.push_back({"says", printable(process.value("status_text", ""))});
  if (auto names = action_names(process); !names.empty())
    lines.push_back({"actions", std::move(names)});
  if (auto values = metric_values(process); !values.empty())
    lines.push_back({"metrics", std::move(values)});
  return lines;
}

std::string render_describe(const nlohmann::json& process, const canvas& on) {
  constexpr size_t frame = 7; // "│ " " │ " " │"
  constexpr size_t narrowest_value = 10;
  rpc::process_row row = rpc::row_from_json(process);
  std::vector<line> lines = describe_lines(process, on.now);
  size_t titles = 0;
  size_t values = 0;
  for (const line& l : lines) {
    titles = std::max(titles, display_width(l.title));
    values = std::max(values, display_width(l.value));
  }
  std::string text =
      painted(fmt::format(" Describing process with id {} - name {} ", row.id, row.name), colour::inverse, on.coloured);
  text += "\n";
  if (titles + frame + narrowest_value > on.columns)
    return text + frameless(lines, on);
  values = std::min(values, on.columns - titles - frame);
  text += rule("┌", "┬", "┐", titles, values);
  for (const line& l : lines) {
    std::string_view title = l.title;
    for (const std::string& piece : wrapped(l.value, values)) {
      text += "│ " + painted(fit_to(title, titles), colour::bold_cyan, on.coloured) + " │ ";
      text += painted(piece, l.paint, on.coloured);
      text.append(values - std::min(values, display_width(piece)), ' ');
      text += " │\n";
      title = "";
    }
  }
  return text + rule("└", "┴", "┘", titles, values);
}

} // namespace procvisor::cli
