#include <chrono>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/named_env.hpp"
#include "core/option_table.hpp"
#include "rpc/rows.hpp"

namespace procvisor::rpc {

namespace {

using nlohmann::json;

int64_t epoch_milliseconds(wall_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

/// What was declared, by the keys that PM2 keeps. Those that it renames or does not have are below.
json declared_options(const app_spec& spec) {
  auto options = readable_spec(spec);
  for (const option_member member : std::initializer_list<option_member>{
           &app_spec::env, &app_spec::named_envs, &app_spec::exec_path, &app_spec::cwd, &app_spec::interpreter_path,
           &app_spec::user_name, &app_spec::instances_given, &app_spec::is_cluster, &app_spec::out_file,
           &app_spec::error_file, &app_spec::pid_file, &app_spec::log_file})
    options.erase(std::string{option_of(member).key});
  for (const option_member member : std::initializer_list<option_member>{&app_spec::args, &app_spec::stop_exit_codes})
    if (const auto at = options.find(option_of(member).key); at != options.end() && at->empty())
      options.erase(at); // PM2 has a list only where one was given
  return options;
}

json watched(const watch_choice& watch) {
  return watch.wanted && !watch.paths.empty() ? json(watch.paths) : json(watch.wanted);
}

/// What PM2 says of features of its own, as it is when they are off.
json foreign_features() {
  return {
      {"vizion", false},
      {"vizion_running", false},
      {"pmx", false},
      {"automation", false},
      {"km_link", false},
      {"windowsHide", true},
      {"kill_retry_time", 0},
      {"axm_actions", json::array()},
      {"axm_monitor", json::object()},
      {"axm_options", json::object()},
      {"axm_dynamic", json::object()},
  };
}

} // namespace

json to_jlist(const row_source& source, const environment& env, const log_paths& files, const std::string& home) {
  const auto& [view, spec, cpu, memory, watch_trouble] = source;
  const auto id = static_cast<uint32_t>(view.id);
  json pm2_env = json::object();
  for (const auto& [name, value] : env)
    pm2_env[name] = value;
  for (const auto& [name, variables] : spec.named_envs)
    pm2_env[fmt::format("{}{}", named_env_prefix, name)] = variables;
  pm2_env.update(foreign_features());
  pm2_env.update(declared_options(spec));
  pm2_env.update(json{
      {"name", spec.name},
      {"namespace", spec.name_space},
      {"env", env},
      {"status", to_string(view.status)},
      {"pm_id", id},
      {"unique_id", fmt::format("{}:{}", home, id)},
      {"pm_exec_path", spec.exec_path},
      {"pm_cwd", spec.cwd},
      {"pm_out_log_path", files.out.empty() ? "/dev/null" : files.out},
      {"pm_err_log_path", files.error.empty() ? "/dev/null" : files.error},
      {"pm_pid_path", files.pid_file},
      {"pm_uptime", epoch_milliseconds(view.started_at)},
      {"created_at", epoch_milliseconds(view.created_at)},
      {"restart_time", view.restarts},
      {"unstable_restarts", view.unstable_restarts},
      {"exit_code", view.exit_code},
      {"prev_restart_delay", view.delay.count()},
      {"exec_mode", spec.is_cluster ? "cluster_mode" : "fork_mode"},
      {"exec_interpreter", spec.interpreter},
      {"node_args", spec.node_args},
      {"instances", spec.instances},
      {"instance_var", spec.instance_var},
      {spec.instance_var, view.instance},
      {"autorestart", spec.autorestart},
      {"autostart", spec.autostart},
      {"treekill", spec.treekill},
      {"merge_logs", merges_logs(spec)},
      {"watch", watched(spec.watch)},
      {"version", spec.version.empty() ? "N/A" : spec.version},
      {"username", spec.user_name},
      {"PM2_HOME", home},
  });
  if (!files.log.empty())
    pm2_env["pm_log_path"] = files.log;
  return {
      {"pid", view.pid},
      {"name", spec.name},
      {"pm2_env", std::move(pm2_env)},
      {"pm_id", id},
      {"monit", {{"memory", memory}, {"cpu", std::round(cpu * 10) / 10}}},
  };
}

} // namespace procvisor::rpc
