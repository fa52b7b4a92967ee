#include "rpc/rows.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/json_text.hpp"
#include "core/option_table.hpp"
#include "core/wire_text.hpp"

namespace procvisor::rpc {

namespace {

using nlohmann::json;

int64_t epoch_milliseconds(wall_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

} // namespace

json readable_spec(const app_spec& spec) {
  auto all = spec_to_json(spec);
  const auto decode = [](json& value, const auto& self) -> void {
    if (value.is_string())
      value = from_wire_text(value.get_ref<const std::string&>()).value_or("");
    else if (value.is_structured())
      for (auto& item : value)
        self(item, self);
  };
  decode(all, decode);
  return all;
}

void append_row(std::string& out, const row_source& source) {
  const auto& [view, spec, cpu, memory, watch_trouble] = source;
  auto to = std::back_inserter(out);
  fmt::format_to(to, R"({{"id":{},"name":)", static_cast<uint32_t>(view.id));
  append_json_text(out, spec.name);
  out += R"(,"namespace":)";
  append_json_text(out, spec.name_space);
  fmt::format_to(to,
                 R"(,"instance":{},"mode":"{}","pid":{},"status":"{}","restarts":{},"unstable_restarts":{},)"
                 R"("created_at":{},"started_at":{},"exit_code":{},"exit_signal":{},"cpu":{:.1f},"memory":{},)"
                 R"("watching":{},"reason":)",
                 view.instance, spec.is_cluster ? "cluster" : "fork", view.pid, to_string(view.status), view.restarts,
                 view.unstable_restarts, epoch_milliseconds(view.created_at), epoch_milliseconds(view.started_at),
                 view.exit_code, view.exit_signal, cpu, memory, spec.watch.wanted && watch_trouble.empty());
  append_json_text(out, view.reason);
  out += R"(,"cause":)";
  append_json_text(out, view.cause);
  if (!watch_trouble.empty()) {
    out += R"(,"watch_trouble":)";
    append_json_text(out, watch_trouble);
  }
  out += R"(,"user":)";
  append_json_text(out, spec.user_name);
  out += R"(,"version":)";
  append_json_text(out, spec.version);
  out += '}';
}

void append_row(std::string& out, const row_source& source, const log_paths& files) {
  append_row(out, source);
  out.back() = ','; // in place of the brace
  fmt::format_to(std::back_inserter(out), R"("{}":)", option_of(&app_spec::error_file).key);
  append_json_text(out, files.error.empty() ? "/dev/null" : files.error);
  fmt::format_to(std::back_inserter(out), R"(,"{}":)", option_of(&app_spec::pid_file).key);
  append_json_text(out, files.pid_file);
  out += '}';
}

json to_row(const row_source& source) {
  std::string text;
  append_row(text, source);
  return json::parse(text);
}

json to_details(const row_source& source, const log_paths& files) {
  auto details = readable_spec(source.spec);
  for (const option_member secret : std::initializer_list<option_member>{&app_spec::env, &app_spec::named_envs})
    details.erase(std::string{option_of(secret).key});
  details.update(to_row(source));
  auto& counts = details["restarts_by"] = json::object();
  for (size_t kind = 0; kind < source.view.restarts_by.size(); ++kind)
    if (const auto count = source.view.restarts_by[kind]; count > 0)
      counts[std::string{to_string(static_cast<restart_kind>(kind))}] = count;
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

json to_wire(const error& what) {
  return {{"code", static_cast<int>(what.code)}, {"message", what.what}, {"data", {{"hint", what.hint}}}};
}

} // namespace procvisor::rpc
