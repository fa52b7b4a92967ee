#include "web/open_metrics.hpp"

#include <functional>
#include <iterator>

#include <fmt/format.h>

namespace procvisor::web {

namespace {

/// A label's value: backslash, quote and newline are escaped.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"')
      out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

class exposition {
public:
  explicit exposition(const std::vector<rpc::process_row>& processes) : processes_(processes) {
    for (const auto& one : processes)
      labels_.push_back(fmt::format(R"(id="{}",name="{}",namespace="{}",instance="{}")", one.id, escaped(one.name),
                                    escaped(one.name_space), one.instance));
  }

  void head(std::string_view name, std::string_view type, std::string_view unit, std::string_view help) {
    fmt::format_to(std::back_inserter(text_), "# TYPE {} {}\n", name, type);
    if (!unit.empty())
      fmt::format_to(std::back_inserter(text_), "# UNIT {} {}\n", name, unit);
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n", name, help);
  }

  template <class Value>
  void of_each(std::string_view sample, Value value) {
    for (size_t i = 0; i < processes_.size(); ++i)
      fmt::format_to(std::back_inserter(text_), "{}{{{}}} {}\n", sample, labels_[i], value(processes_[i]));
  }

  template <class Value>
  void one(std::string_view sample, Value value) {
    fmt::format_to(std::back_inserter(text_), "{} {}\n", sample, value);
  }

  void statuses() {
    for (size_t i = 0; i < processes_.size(); ++i)
      fmt::format_to(std::back_inserter(text_), "procvisor_process_status_info{{{},status=\"{}\",mode=\"{}\"}} 1\n",
                     labels_[i], to_string(processes_[i].status), processes_[i].mode);
  }

  std::string end() && { return std::move(text_) + "# EOF\n"; }

private:
  const std::vector<rpc::process_row>& processes_;
  std::vector<std::string> labels_;
  std::string text_;
};

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

} // namespace

std::string open_metrics(const std::vector<rpc::process_row>& processes, const os::host_figures& host,
                         std::chrono::milliseconds now) {
  using rpc::process_row;
  exposition text{processes};
  text.head("procvisor_process_status", "info", "", "What a process is doing.");
  text.statuses();
  text.head("procvisor_process_up", "gauge", "", "1 while it is online.");
  text.of_each("procvisor_process_up",
               [](const process_row& one) { return one.status == process_status::online ? 1 : 0; });
  text.head("procvisor_process_restarts", "counter", "", "How often it was started again.");
  text.of_each("procvisor_process_restarts_total", [](const process_row& one) { return one.restarts; });
  text.head("procvisor_process_uptime_seconds", "gauge", "seconds", "How long it has been running.");
  text.of_each("procvisor_process_uptime_seconds",
               [&](const process_row& one) { return seconds(uptime_of(one, now)); });
  text.head("procvisor_process_cpu_ratio", "gauge", "ratio", "CPU time per time, 1 is one core.");
  text.of_each("procvisor_process_cpu_ratio", [](const process_row& one) { return one.cpu / 100; });
  text.head("procvisor_process_memory_bytes", "gauge", "bytes", "Resident memory.");
  text.of_each("procvisor_process_memory_bytes", [](const process_row& one) { return one.memory; });
  text.head("procvisor_host_memory_total_bytes", "gauge", "bytes", "Memory of the host.");
  text.one("procvisor_host_memory_total_bytes", host.memory_total);
  text.head("procvisor_host_memory_available_bytes", "gauge", "bytes", "Memory that programs could have.");
  text.one("procvisor_host_memory_available_bytes", host.memory_available);
  text.head("procvisor_host_load1", "gauge", "", "Load average of one minute.");
  text.one("procvisor_host_load1", host.load[0]);
  return std::move(text).end();
}

} // namespace procvisor::web
