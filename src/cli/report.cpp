#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/render/amounts.hpp"
#include "cli/show_list.hpp"
#include "core/text.hpp"
#include "core/version.hpp"
#include "os/cpu_count.hpp"
#include "os/file_tail.hpp"
#include "os/home.hpp"
#include "os/procfs.hpp"
#include "os/users.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

using report_json = nlohmann::ordered_json;

constexpr size_t journal_lines = 20;

std::string kernel() {
  utsname system{};
  ::uname(&system);
  return fmt::format("{} {} {}", system.sysname, system.release, system.machine);
}

std::string user() {
  const auto entry = os::find_user(::geteuid());
  return fmt::format("{} ({})", entry ? entry->name : "unknown", ::geteuid());
}

/// How long a process has been there; zero where it is not.
std::chrono::milliseconds age_of(pid_t pid) {
  const auto stat = os::procfs{}.stat(pid);
  if (!stat)
    return {};
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto since_boot = std::chrono::seconds{now.tv_sec};
  const auto started = std::chrono::seconds{stat->start_ticks / os::ticks_per_second()};
  return std::max(since_boot - started, std::chrono::seconds{0});
}

/// The end of procvisor.log, which has no value of an environment in it.
report_json last_lines(const std::string& path) {
  auto lines = report_json::array();
  os::file_tail tail{path, 0, std::numeric_limits<off_t>::max(), journal_lines};
  while (!tail.done()) {
    const auto next = tail.next_lines();
    if (next.empty())
      break;
    for (const std::string_view line : next)
      lines.push_back(printable(line));
  }
  return lines;
}

report_json describe_daemon(const nlohmann::json& answer) {
  const auto pid = answer.value("pid", 0);
  return {{"version", answer.value("version", "")},
          {"pid", pid},
          {"keeper", answer.value("keeper", 0)},
          {"keeper_version", answer.value("keeper_version", "")},
          {"uptime", uptime_text(age_of(pid))}};
}

report_json describe_here(const os::home& place) {
  return {
      {"client", {{"version", version()}, {"protocol", rpc::protocol_version}}},
      {"daemon", nullptr},
      {"home", place.path},
      {"user", user()},
      {"system", {{"kernel", kernel()}, {"cpus", os::cpu_count()}}},
      {"processes", report_json::array()},
      {"log", last_lines(place.daemon_log)},
  };
}

std::string text_of(const report_json& section) {
  std::string text;
  for (const auto& [key, value] : section.items())
    text += fmt::format("{:<12}: {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  return text;
}

std::string text_of(const report_json& report, const std::string& list) {
  std::string text = "--- procvisor report ---\n";
  text += "=== Client ===\n" + text_of(report["client"]);
  text += "=== Daemon ===\n";
  text += report["daemon"].is_null() ? "none runs\n" : text_of(report["daemon"]);
  text +=
      "=== System ===\n" + text_of({{"home", report["home"]}, {"user", report["user"]}}) + text_of(report["system"]);
  text += "=== Processes ===\n" + list;
  text += fmt::format("=== procvisor.log, last {} lines ===\n", journal_lines);
  for (const auto& line : report["log"])
    text += line.get<std::string>() + "\n";
  return text;
}

} // namespace

result<exit_code> run::report(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  auto place = os::find_home();
  if (!place)
    return fail(std::move(place.error()));
  report_json report = describe_here(*place);
  rpc::process_list list;
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (*daemon) {
    auto answer = (*daemon)->call(rpc::method::ping, nlohmann::json::object(), rpc::prompt);
    if (!answer)
      return fail(std::move(answer.error()));
    report["daemon"] = describe_daemon(*answer);
    auto rows = (*daemon)->exchange(rpc::method::list, nlohmann::json::object(), rpc::prompt);
    if (!rows)
      return fail(std::move(rows.error()));
    auto read = rpc::read_process_list(*rows);
    if (!read)
      return fail(std::move(read.error()));
    list = std::move(*read);
    report["processes"] = report_json::parse(*rows)["result"]["processes"];
  }
  if (call.out().behaviour().json)
    return call.out().data(report.dump() + "\n");
  return call.out().data(
      text_of(report, list_text(list, default_order, call.wants_mini_list(), call.out().data_canvas())));
}

} // namespace procvisor::cli
