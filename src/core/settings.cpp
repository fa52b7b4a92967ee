#include "core/settings.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/suggest.hpp"
#include "core/text.hpp"

namespace procvisor {

namespace {

constexpr setting table[] = {
    {"KILL_TIMEOUT", "PM2_KILL_TIMEOUT", &app_spec::kill_timeout},
    {"GRACEFUL_TIMEOUT", "PM2_GRACEFUL_TIMEOUT", &app_spec::graceful_timeout},
    {"GRACEFUL_LISTEN_TIMEOUT", "PM2_GRACEFUL_LISTEN_TIMEOUT", &app_spec::listen_timeout},
    {"KILL_SIGNAL", "PM2_KILL_SIGNAL", &app_spec::kill_signal},
    {"WORKER_INTERVAL", "PM2_WORKER_INTERVAL", &app_spec::worker_interval},
    {"INSTANCE_VAR", "PM2_PROCESS_INSTANCE_VAR", &app_spec::instance_var},
};

constexpr std::string_view own_prefix = "PROCVISOR_";
constexpr std::string_view export_word = "export ";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view without_quotes(std::string_view value) {
  const bool has_quotes = value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0];
  return has_quotes ? value.substr(1, value.size() - 2) : value;
}

struct line {
  std::string_view key;
  std::string_view value;
};

/// nullopt: a comment, or empty.
std::optional<line> read_line(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || text[0] == '#')
    return std::nullopt;
  if (text.starts_with(export_word))
    text = trimmed(text.substr(export_word.size()));
  const auto sign = text.find('=');
  if (sign == std::string_view::npos)
    return line{text, {}};
  return line{trimmed(text.substr(0, sign)), without_quotes(trimmed(text.substr(sign + 1)))};
}

template <class Visitor>
void for_each_line(std::string_view text, Visitor visit) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// Puts `line` where the setting stands first, or at the end; nullopt: takes it out.
std::string replaced(std::string_view text, const setting& which, std::optional<std::string> line) {
  std::string changed;
  for_each_line(text, [&](std::string_view old) {
    const auto read = read_line(old);
    if (!read || find_setting(read->key) != &which)
      (changed += old) += '\n';
    else if (line)
      (changed += *std::exchange(line, std::nullopt)) += '\n';
  });
  if (line)
    (changed += *line) += '\n';
  return changed;
}

} // namespace

std::span<const setting> settings() {
  return table;
}

const setting* find_setting(std::string_view name) {
  const auto own = name.starts_with(own_prefix) ? name.substr(own_prefix.size()) : name;
  const auto* found =
      std::ranges::find_if(table, [&](const setting& one) { return one.name == own || one.pm2_name == name; });
  return found != std::end(table) ? found : nullptr;
}

read_settings parse_settings(std::string_view text) {
  read_settings read;
  size_t number = 0;
  for_each_line(text, [&](std::string_view one) {
    ++number;
    const auto said = read_line(one);
    if (!said)
      return;
    if (const auto* known = find_setting(said->key)) {
      read.values[known->name] = said->value;
      return;
    }
    std::vector<std::string_view> names;
    for (const auto& row : table)
      names.push_back(row.name);
    const auto near = did_you_mean(said->key, names);
    read.problems.push_back(fmt::format("line {}: there is no setting {}{}{}", number, in_quotes(said->key),
                                        near.empty() ? "" : ": ", near));
  });
  return read;
}

std::string with_setting(std::string_view text, const setting& which, std::string_view value) {
  return replaced(text, which, fmt::format("{}={}", which.name, value));
}

std::string without_setting(std::string_view text, const setting& which) {
  return replaced(text, which, std::nullopt);
}

} // namespace procvisor
