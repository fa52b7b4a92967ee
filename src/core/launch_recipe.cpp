#include "core/launch_recipe.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "core/crc32.hpp"
#include "core/listen_address.hpp"
#include "core/units.hpp"

namespace procvisor {

namespace {

constexpr const char* listen_pid = "LISTEN_PID";

std::string number(auto value) {
  return std::to_string(static_cast<uint64_t>(value));
}

/// sd_listen_fds(3).
void add_sockets(environment& env, const app_spec& spec) {
  for (const char* variable : {listen_pid, "LISTEN_FDS", "LISTEN_FDNAMES"})
    env.erase(variable);
  if (spec.listen.empty())
    return;
  env[listen_pid] = std::string(pid_bytes - 1, '0'); // the child's to fill in
  env["LISTEN_FDS"] = number(spec.listen.size());
  std::string names;
  for (const auto& address : spec.listen)
    names.append(names.empty() ? "" : ":").append(descriptor_name(address));
  env["LISTEN_FDNAMES"] = names;
}

} // namespace

launch_recipe::launch_recipe(const std::vector<std::string>& argv, const environment& env) {
  size_t bytes = 0;
  for (const auto& word : argv)
    bytes += word.size() + 1;
  for (const auto& [name, value] : env)
    bytes += name.size() + value.size() + 2;
  block_.reserve(bytes); // no reallocation below: the pointers stay
  const auto put = [this](const auto&... parts) {
    char* const start = block_.data() + block_.size();
    (block_.append(parts), ...);
    block_.push_back('\0');
    return start;
  };
  argv_.reserve(argv.size() + 1);
  for (const auto& word : argv)
    argv_.push_back(put(word));
  argv_.push_back(nullptr);
  envp_.reserve(env.size() + 1);
  for (const auto& [name, value] : env) {
    envp_.push_back(put(name, "=", value));
    if (name == listen_pid)
      pid_text_ = envp_.back() + name.size() + 1;
  }
  envp_.push_back(nullptr);
}

std::vector<std::string> launch_argv(const app_spec& spec) {
  std::vector<std::string> argv;
  if (!spec.interpreter_path.empty()) {
    argv.push_back(spec.interpreter_path);
    argv.insert(argv.end(), spec.node_args.begin(), spec.node_args.end());
  }
  argv.push_back(spec.exec_path);
  argv.insert(argv.end(), spec.args.begin(), spec.args.end());
  return argv;
}

std::optional<instance_mark> read_mark(std::string_view variables, std::string_view home) {
  const std::string start = fmt::format("{}={}:", marker_variable, home);
  while (!variables.empty()) {
    const size_t length = std::min(variables.find('\0'), variables.size());
    std::string_view variable = variables.substr(0, length);
    variables.remove_prefix(std::min(length + 1, variables.size()));
    if (!variable.starts_with(start))
      continue;
    variable.remove_prefix(start.size());
    uint32_t id = 0;
    uint64_t gen = 0;
    const char* const end = variable.data() + variable.size();
    const auto [colon, no_id] = std::from_chars(variable.data(), end, id);
    if (no_id != std::errc{} || colon == end || *colon != ':')
      return std::nullopt;
    const auto [rest, no_gen] = std::from_chars(colon + 1, end, gen);
    if (no_gen != std::errc{} || rest != end)
      return std::nullopt;
    return instance_mark{process_id{id}, generation{gen}};
  }
  return std::nullopt;
}

int channel_descriptor(const app_spec& spec) {
  return first_passed_descriptor + static_cast<int>(spec.listen.size());
}

std::string notify_address(const launch_identity& of) {
  return fmt::format("@procvisor-{:08x}/{}.{}", crc32(of.home), number(of.id), number(of.gen));
}

bool is_heard(const app_spec& spec) {
  return spec.wait_ready || spec.watchdog.count() > 0 || !spec.listen.empty();
}

bool has_channel(const app_spec& spec) {
  const std::string_view program = spec.interpreter_path.empty() ? spec.exec_path : spec.interpreter_path;
  const auto name = program.substr(program.rfind('/') + 1); // npos + 1 is 0
  return spec.wait_ready || spec.shutdown_with_message || name == "node" || name == "nodejs" || name == "bun";
}

bool environment_filter::holds_back(std::string_view variable) const {
  return everything || (!name.empty() && variable == name)
         || std::ranges::any_of(
             parts, [variable](const std::string& part) { return variable.find(part) != std::string_view::npos; });
}

environment launch_environment(const app_spec& spec, const environment& caller, const launch_identity& identity) {
  environment env = spec.env;
  for (const auto& variable : caller)
    if (!spec.filter_env.holds_back(variable.first))
      env.insert(variable);
  if (!spec.increment_var.empty()) {
    auto& value = env[spec.increment_var];
    const auto first = parse_integer(value).value_or(0);
    const bool fits = first <= std::numeric_limits<int64_t>::max() - identity.instance;
    value = std::to_string(fits ? first + identity.instance : identity.instance);
  }
  env[spec.instance_var] = std::to_string(identity.instance);
  env["name"] = spec.name;
  env["pm_id"] = number(identity.id);
  env["PM2_HOME"] = identity.home;
  env["PROCVISOR_HOME"] = identity.home;
  env["PWD"] = spec.cwd;
  if (has_channel(spec)) {
    env["NODE_CHANNEL_FD"] = number(channel_descriptor(spec));
    env["NODE_CHANNEL_SERIALIZATION_MODE"] = "json";
  }
  if (spec.is_cluster)
    env["NODE_UNIQUE_ID"] = std::to_string(identity.instance + 1); // what makes it a worker: cluster.worker.id
  add_sockets(env, spec);
  if (is_heard(spec))
    env["NOTIFY_SOCKET"] = notify_address(identity);
  if (spec.watchdog.count() > 0)
    env["WATCHDOG_USEC"] = std::to_string(std::chrono::microseconds{spec.watchdog}.count());
  env[marker_variable] = fmt::format("{}:{}:{}", identity.home, number(identity.id), number(identity.gen));
  return env;
}

launch_recipe recipe_for(const app_spec& spec, const environment& caller, const launch_identity& identity) {
  return {launch_argv(spec), launch_environment(spec, caller, identity)};
}

} // namespace procvisor
