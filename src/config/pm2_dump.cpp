#include "config/pm2_dump.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/declare.hpp"
#include "config/json_reader.hpp"
#include "config/resolve.hpp"
#include "core/option_table.hpp"
#include "core/text.hpp"

namespace procvisor::config {

namespace {

/// Where PM2 has resolved an attribute, it keeps the result under another key.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> resolved_keys{{
    {"pm_exec_path", "script"},
    {"pm_cwd", "cwd"},
    {"pm_out_log_path", "out_file"},
    {"pm_err_log_path", "error_file"},
    {"pm_log_path", "log_file"},
    {"pm_pid_path", "pid_file"},
}};

/// What PM2 notes for itself; `axm_...` and `_...` are such keys too.
constexpr std::array internal_keys = std::to_array<std::string_view>({
    "env",
    "created_at",
    "exec_mode",
    "execute_command",
    "exit_code",
    "instances",
    "km_link",
    "node_version",
    "pm_id",
    "pm_uptime",
    "prev_restart_delay",
    "restart_time",
    "started_inside",
    "status",
    "unique_id",
    "unstable_restarts",
    "version",
    "versioning",
    "vizion_running",
    "command",
});

/// Variables that PM2 adds to an app's environment. It adds one with the app's name as well.
constexpr std::array internal_variables = std::to_array<std::string_view>(
    {"PM2_HOME", "PM2_USAGE", "PM2_INTERACTOR_PROCESSING", "PM2_JSON_PROCESSING", "unique_id"});

template <class Range>
bool has(const Range& words, std::string_view word) {
  return std::ranges::find(words, word) != std::end(words);
}

std::string text_of(const json_value& entry, const char* key) {
  const auto at = entry.find(key);
  return at != entry.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

template <class Number>
Number number_of(const json_value& entry, const std::string& key) {
  const auto at = entry.find(key);
  return at != entry.end() && at->is_number_integer() ? at->get<Number>() : Number{};
}

/// Names of apps by what there is to say about them.
using remarks = std::map<std::string, std::set<std::string>>;

/// One process of the dump.
class entry_reader {
public:
  entry_reader(const json_value& entry, remarks& ignored)
    : entry_(entry), name_(text_of(entry, "name")), ignored_(ignored) {
    if (const auto at = entry.find("env"); at != entry.end() && at->is_object())
      env_ = &*at;
  }

  const std::string& name() const noexcept { return name_; }
  bool was_in_cluster() const { return text_of(entry_, "exec_mode").starts_with("cluster"); }

  /// As an ecosystem file would say it.
  json_value declaration() {
    auto app = json_value::object();
    std::set<const app_option*> taken;
    for (const auto& [from, key] : resolved_keys)
      if (const auto value = entry_.find(std::string{from}); value != entry_.end() && !is_default_file(*value))
        take(*find_option(key), *value, app, taken);
    if (app.contains("out_file") || app.contains("error_file")) // PM2 has put the number into the path already
      take(option_of(&app_spec::merge_logs), true, app, taken);
    for (const auto& [key, value] : entry_.items()) {
      const auto* option = find_option(key);
      if (has(internal_keys, key) || key.starts_with("axm_") || key.starts_with('_') || is_variable(key))
        continue;
      if (!environment_name(key).empty() && value.is_object())
        app[key] = value;
      else if (option == nullptr && !is_resolved(key))
        ignored_[key].insert(name_);
      else if (option != nullptr)
        take(*option, value, app, taken);
    }
    return app;
  }

  environment caller() const {
    environment variables;
    if (env_ == nullptr)
      return variables;
    for (const auto& [key, value] : env_->items()) {
      const bool is_pm2s = has(internal_variables, key) || (key == name_ && value == "{}");
      if (!is_pm2s && is_utf8(key))
        variables.emplace(key, value.is_string() ? value.get<std::string>() : value.dump());
    }
    return variables;
  }

  lifecycle state() const {
    lifecycle state;
    const bool is_down = text_of(entry_, "status") == "stopped";
    state.phase = is_down ? life_phase::stopped : life_phase::online;
    state.restarts = is_down ? number_of<uint32_t>(entry_, "restart_time") : 0;
    state.asked_at.wall = wall_clock::time_point{std::chrono::milliseconds{number_of<int64_t>(entry_, "created_at")}};
    return state;
  }

  int instance(const std::string& instance_var) const { return std::max(0, number_of<int>(entry_, instance_var)); }

private:
  static bool is_resolved(std::string_view key) {
    return std::ranges::any_of(resolved_keys, [key](const auto& pair) { return pair.first == key; });
  }

  /// PM2 writes each variable a second time beside the attributes.
  bool is_variable(const std::string& key) const {
    return (env_ != nullptr && env_->contains(key) && find_option(key) == nullptr)
           || key == text_of(entry_, "instance_var");
  }

  /// In PM2's own folder: nobody has declared it.
  bool is_default_file(const json_value& value) const {
    const auto home = env_ != nullptr ? text_of(*env_, "PM2_HOME") : std::string{};
    return !home.empty() && value.is_string() && value.get_ref<const std::string&>().starts_with(home + "/");
  }

  void take(const app_option& option, const json_value& value, json_value& app, std::set<const app_option*>& taken) {
    if (option.state == standing::built && !value.is_null() && taken.insert(&option).second)
      app[std::string{option.key}] = value;
  }

  const json_value& entry_;
  const json_value* env_ = nullptr;
  std::string name_;
  remarks& ignored_;
};

void warn(const remarks& about, std::string_view what, std::vector<std::string>& warnings) {
  for (const auto& [key, names] : about)
    warnings.push_back(fmt::format("{} {}: {}", in_quotes(key), what, fmt::join(names, ", ")));
}

/// Members as they will be asked for: a declaration that was put together stands at no place of a file.
source_map nowhere(const json_value& app) {
  source_map where;
  where.parts.resize(app.size());
  return where;
}

} // namespace

bool is_pm2_dump(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '[';
}

result<pm2_list> read_pm2_dump(std::string_view text, const std::string& file, const caller& who) {
  const auto doc = read_json(text, file);
  if (!doc)
    return fail(doc.error());
  if (!doc->root.is_array())
    return fail(exit_code::usage, fmt::format("{}: this is no dump of PM2, which is a list", file));

  pm2_list found;
  remarks ignored;
  std::map<std::string, int> processes_of;
  std::vector<std::pair<app_spec, process_record>> taken;
  for (const auto& entry : doc->root) {
    if (!entry.is_object() || text_of(entry, "name").empty() || text_of(entry, "pm_exec_path").empty())
      return fail(exit_code::usage,
                  fmt::format("{}: this is no dump of PM2: an app has neither name nor script", file));
    entry_reader reader{entry, ignored};
    auto caller_of_app = who;
    auto variables = reader.caller();
    if (const auto path = variables.find("PATH"); path != variables.end())
      caller_of_app.search_path = path->second;

    problem_list problems{file};
    problems.enter_app(fmt::format("app {}", in_quotes(reader.name())));
    const auto declaration = reader.declaration();
    const auto app = declare_app(declaration, nowhere(declaration), problems);
    auto spec = resolver{caller_of_app, {}}.resolve(app, problems);
    if (!problems.empty()) {
      found.left_out.push_back(std::move(problems).to_error());
      continue;
    }
    spec.is_cluster = reader.was_in_cluster() && spec.interpreter.ends_with("node");
    ++processes_of[spec.name];
    process_record record{.id = process_id{static_cast<uint32_t>(taken.size())},
                          .instance = reader.instance(spec.instance_var),
                          .caller = std::make_shared<const environment>(std::move(variables)),
                          .state = reader.state()};
    taken.emplace_back(std::move(spec), std::move(record));
  }
  for (auto& [spec, record] : taken) {
    spec.instances = processes_of[spec.name];
    spec.instances_given = spec.instances > 1;
    record.spec = std::make_shared<const app_spec>(std::move(spec));
    found.state.processes.emplace(record.id, std::move(record));
  }
  found.state.next_id = static_cast<uint32_t>(taken.size());

  warn(ignored, "is nothing that procvisor knows, and ignored for", found.warnings);
  return found;
}

} // namespace procvisor::config
