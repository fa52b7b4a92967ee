#include "core/log_paths.hpp"

#include <string_view>

#include <fmt/format.h>

namespace procvisor {

namespace {

/// One '-' for each character (not byte) outside of [a-zA-Z0-9.-].
std::string file_name_of(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (const char c : name) {
    const bool continues_character = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (continues_character)
      continue;
    const bool keeps =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    out.push_back(keeps ? c : '-');
  }
  return out;
}

/// "/x/app.log", ".log", 3 -> "/x/app-3.log"
std::string with_id(const std::string& path, std::string_view suffix, process_id id) {
  if (!path.ends_with(suffix))
    return path;
  return fmt::format("{}-{}{}", std::string_view{path}.substr(0, path.size() - suffix.size()),
                     static_cast<uint32_t>(id), suffix);
}

bool keeps_instances_apart(const app_spec& spec) {
  const bool may_have_several = spec.instances_given || spec.is_cluster || spec.instances > 1;
  return may_have_several && !merges_logs(spec);
}

bool is_no_file(const app_spec& spec, const std::string& path) {
  return spec.disable_logs || path == "/dev/null" || path == "NULL";
}

/// What is opened there is nobody's alone.
bool is_descriptor(std::string_view path) {
  return path.starts_with("/proc/") || path.starts_with("/dev/");
}

std::string pid_path(const app_spec& spec, process_id id, const std::string& default_path) {
  if (spec.pid_file == "/dev/null")
    return {};
  return with_id(spec.pid_file.empty() ? default_path : spec.pid_file, ".pid", id);
}

std::string combined_path(const app_spec& spec, process_id id, const std::string& default_path) {
  const auto& log = spec.log_file;
  if (!log.wanted || is_no_file(spec, log.path))
    return {};
  if (log.path.empty())
    return spec.merge_logs.value_or(false) ? default_path : with_id(default_path, ".log", id);
  return keeps_instances_apart(spec) ? with_id(log.path, ".log", id) : log.path;
}

} // namespace

bool merges_logs(const app_spec& spec) {
  return spec.merge_logs.value_or(!spec.instances_given && !spec.is_cluster);
}

log_paths resolve_log_paths(const app_spec& spec, process_id id, const std::string& home) {
  const auto name = file_name_of(spec.name);
  const auto log_path = [&](const std::string& custom, std::string_view stream) -> std::string {
    if (is_no_file(spec, custom))
      return {};
    const auto path = custom.empty() ? fmt::format("{}/logs/{}-{}.log", home, name, stream) : custom;
    return keeps_instances_apart(spec) ? with_id(path, ".log", id) : path;
  };
  log_paths files{
      .out = log_path(spec.out_file, "out"),
      .error = log_path(spec.error_file, "error"),
      .pid_file = pid_path(spec, id, fmt::format("{}/pids/{}.pid", home, name)),
      .log = combined_path(spec, id, fmt::format("{}/logs/{}.log", home, name)),
  };
  const bool has_neighbours = spec.instances > 1 && !keeps_instances_apart(spec);
  files.is_shared = has_neighbours || !files.log.empty() || (!files.out.empty() && files.out == files.error)
                    || is_descriptor(files.out) || is_descriptor(files.error);
  return files;
}

log_style log_style_of(const app_spec& spec, const log_paths& files) {
  return {.kind = spec.log_type, .date_format = spec.log_date_format, .whole_lines = files.is_shared};
}

} // namespace procvisor
