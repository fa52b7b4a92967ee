#include "rpc/rows.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/option_table.hpp"

namespace procvisor::rpc {

namespace {

using nlohmann::json;

int64_t epoch_milliseconds(wall_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

/// A JSON string. Nearly all of them need no escape, and asking the library is then most of the time that a list takes.
void append_quoted(std::string& out, std::string_view text) {
  const auto is_plain = [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; };
  if (std::ranges::all_of(text, is_plain)) {
    out += '"';
    out += text;
    out += '"';
  } else {
    out += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  }
}

} // namespace

void append_row(std::string& out, const row_source& source) {
  const auto& [view, spec, cpu, memory] = source;
  auto to = std::back_inserter(out);
  fmt::format_to(to, R"({{"id":{},"name":)", static_cast<uint32_t>(view.id));
  append_quoted(out, spec.name);
  out += R"(,"namespace":)";
  append_quoted(out, spec.name_space);
  fmt::format_to(to,
                 R"(,"instance":{},"mode":"fork","pid":{},"status":"{}","restarts":{},"unstable_restarts":{},)"
                 R"("created_at":{},"started_at":{},"exit_code":{},"exit_signal":{},"cpu":{:.1f},"memory":{},)"
                 R"("watching":false,"reason":)",
                 view.instance, view.pid, to_string(view.status), view.restarts, view.unstable_restarts,
                 epoch_milliseconds(view.created_at), epoch_milliseconds(view.started_at), view.exit_code,
                 view.exit_signal, cpu, memory);
  append_quoted(out, view.reason);
  out += R"(,"user":)";
  append_quoted(out, spec.user_name);
  out += R"(,"version":)";
  append_quoted(out, spec.version);
  out += '}';
}

json to_row(const row_source& source) {
  std::string text;
  append_row(text, source);
  return json::parse(text);
}

json to_details(const row_source& source, const log_paths& files) {
  auto details = spec_to_json(source.spec);
  details.erase(std::string{option_of(&app_spec::env).key});
  details.update(to_row(source));
  const auto resolved = [&](option_member member, const std::string& path) {
    details[std::string{option_of(member).key}] = path.empty() ? "/dev/null" : path;
  };
  resolved(&app_spec::out_file, files.out);
  resolved(&app_spec::error_file, files.error);
  resolved(&app_spec::pid_file, files.pid_file);
  if (source.spec.log_file.wanted)
    resolved(&app_spec::log_file, files.log);
  return details;
}

json to_jlist(const row_source& source, const environment& env, const log_paths& files, const std::string& home) {
  const auto& [view, spec, cpu, memory] = source;
  json pm2_env = json::object();
  for (const auto& [name, value] : env)
    pm2_env[name] = value;
  const auto declared = spec_to_json(spec);
  for (const auto& [key, value] : declared.items())
    pm2_env[key] = value;
  pm2_env.update(json{
      {"name", spec.name},
      {"namespace", spec.name_space},
      {"env", env},
      {"status", to_string(view.status)},
      {"pm_id", static_cast<uint32_t>(view.id)},
      {"pm_exec_path", spec.exec_path},
      {"pm_cwd", spec.cwd},
      {"pm_out_log_path", files.out},
      {"pm_err_log_path", files.error},
      {"pm_pid_path", files.pid_file},
      {"pm_uptime", epoch_milliseconds(view.started_at)},
      {"created_at", epoch_milliseconds(view.created_at)},
      {"restart_time", view.restarts},
      {"unstable_restarts", view.unstable_restarts},
      {"exit_code", view.exit_code},
      {"exec_mode", "fork_mode"},
      {"exec_interpreter", spec.interpreter},
      {"node_args", spec.node_args},
      {"args", spec.args},
      {"instances", spec.instances},
      {"instance_var", spec.instance_var},
      {spec.instance_var, view.instance},
      {"autorestart", spec.autorestart},
      {"autostart", spec.autostart},
      {"treekill", spec.treekill},
      {"merge_logs", spec.merge_logs.value_or(!spec.instances_given)},
      {"watch", false},
      {"version", spec.version.empty() ? "N/A" : spec.version},
      {"username", spec.user_name},
      {"PM2_HOME", home},
      {"axm_actions", json::array()},
      {"axm_monitor", json::object()},
      {"axm_options", json::object()},
  });
  if (!files.log.empty())
    pm2_env["pm_log_path"] = files.log;
  return {
      {"pid", view.pid},
      {"name", spec.name},
      {"pm2_env", std::move(pm2_env)},
      {"pm_id", static_cast<uint32_t>(view.id)},
      {"monit", {{"memory", memory}, {"cpu", std::round(cpu * 10) / 10}}},
  };
}

json to_wire(const error& what) {
  return {{"code", static_cast<int>(what.code)}, {"message", what.what}, {"data", {{"hint", what.hint}}}};
}

} // namespace procvisor::rpc
