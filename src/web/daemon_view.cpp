#include "web/daemon_view.hpp"

#include <nlohmann/json.hpp>

#include "core/process.hpp"
#include "keeper/connect.hpp"
#include "rpc/wire.hpp"

namespace procvisor::web {

namespace {

using nlohmann::json;

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json pm2_process(const rpc::process_row& row) {
  return {{"pid", row.pid},
          {"name", row.name},
          {"pm_id", row.id},
          {"monit", {{"memory", row.memory}, {"cpu", row.cpu}}},
          {"pm2_env",
           {{"name", row.name},
            {"namespace", row.name_space},
            {"status", to_string(row.status)},
            {"exec_mode", row.mode + "_mode"},
            {"pm_id", row.id},
            {"pm_uptime", row.started_at},
            {"created_at", row.created_at},
            {"restart_time", row.restarts},
            {"unstable_restarts", row.unstable_restarts},
            {"exit_code", row.exit_code},
            {"watch", row.watching},
            {"username", row.user},
            {"version", row.version}}}};
}

json page_row(const rpc::process_row& row) {
  return {{"id", row.id},
          {"name", row.name},
          {"namespace", row.name_space},
          {"instance", row.instance},
          {"mode", row.mode},
          {"pid", row.pid},
          {"status", to_string(row.status)},
          {"restarts", row.restarts},
          {"started_at", row.started_at},
          {"exit_code", row.exit_code},
          {"exit_signal", row.exit_signal},
          {"reason", row.reason},
          {"cause", row.cause},
          {"cpu", row.cpu},
          {"memory", row.memory},
          {"user", row.user},
          {"version", row.version}};
}

} // namespace

result<rpc::client> daemon_view::connect() const {
  auto running = keeper::connect(place_);
  if (!running)
    return fail(std::move(running.error()));
  if (!*running)
    return fail(exit_code::unreachable, "no daemon is running");
  return rpc::client{std::move(*running)};
}

result<daemon_view::shared_snapshot> daemon_view::look() {
  const std::lock_guard lock{mutex_};
  const auto now = std::chrono::steady_clock::now();
  if (newest_ && now - asked_at_ < list_age)
    return newest_;
  auto list = connect().and_then([](rpc::client daemon) {
    return daemon.exchange(rpc::method::list, json::object(), rpc::prompt).and_then(rpc::read_process_list);
  });
  if (!list)
    return fail(std::move(list.error()));
  asked_at_ = now;
  newest_ = std::make_shared<const snapshot>(
      snapshot{*std::move(list), os::look_at_host(),
               std::chrono::duration_cast<std::chrono::milliseconds>(wall_clock::now().time_since_epoch())});
  return newest_;
}

std::string pm2_json(const daemon_view::snapshot& seen) {
  auto processes = json::array();
  for (const auto& row : seen.list.processes)
    processes.push_back(pm2_process(row));
  return text_of(
      {{"system_info", {{"hostname", seen.host.name}, {"uptime", seen.host.uptime.count()}}},
       {"monit",
        {{"loadavg", seen.host.load}, {"total_mem", seen.host.memory_total}, {"free_mem", seen.host.memory_available}}},
       {"processes", std::move(processes)}});
}

std::string page_json(const daemon_view::snapshot& seen) {
  auto processes = json::array();
  for (const auto& row : seen.list.processes)
    processes.push_back(page_row(row));
  return text_of({{"at", seen.taken_at.count()},
                  {"host",
                   {{"name", seen.host.name},
                    {"uptime", seen.host.uptime.count()},
                    {"load", seen.host.load},
                    {"cpus", seen.host.cpus},
                    {"memory_total", seen.host.memory_total},
                    {"memory_available", seen.host.memory_available}}},
                  {"notes", seen.list.notes},
                  {"processes", std::move(processes)}});
}

} // namespace procvisor::web
