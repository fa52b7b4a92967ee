#include "config/resolve.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "core/listen_address.hpp"
#include "core/path_text.hpp"
#include "core/static_site.hpp"
#include "core/text.hpp"
#include "core/units.hpp"
#include "core/watch_rules.hpp"
#include "os/find_program.hpp"
#include "os/run_program.hpp"
#include "os/text_file.hpp"
#include "os/users.hpp"

namespace procvisor::config {

namespace {

/// The interpreter that executes nothing but the script itself.
constexpr std::string_view no_interpreter = "none";
constexpr std::string_view node = "node";

/// What `time` means.
constexpr const char* plain_date = "YYYY-MM-DDTHH:mm:ss";

/// Interpreters by extension; the second one where the first is not in PATH.
struct extension_row {
  std::string_view extension;
  std::string_view interpreter;
  std::string_view fallback = {};
};
constexpr extension_row extensions[] = {
    {".sh", "bash", "sh"}, {".py", "python", "python3"},
    {".rb", "ruby"},       {".php", "php"},
    {".pl", "perl"},       {".js", node},
    {".cjs", node},        {".mjs", node},
    {".coffee", "coffee"}, {".ls", "lsc"},
    {".ts", "bun", node}, // node strips types from 22.18 on
    {".tsx", "bun", node},
};
constexpr std::string_view python_extension = ".py";

std::string_view base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// ".js" of "a/app.js"; a leading dot starts no extension.
std::string_view extension_of(std::string_view path) {
  const auto name = base_name(path);
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string_view{} : name.substr(dot);
}

const extension_row* find_extension(std::string_view path) {
  const auto extension = extension_of(path);
  const auto* row = std::find_if(std::begin(extensions), std::end(extensions),
                                 [&](const extension_row& candidate) { return candidate.extension == extension; });
  return row == std::end(extensions) ? nullptr : row;
}

/// A package.json above this is not looked at for its version.
constexpr size_t most_package_bytes = 1 << 20;

/// Of what `node --version` says.
constexpr size_t longest_version = 64;

bool is_command_line(std::string_view script) {
  return script.find_first_of(" \t\n") != std::string_view::npos;
}

/// "js", "json" of "*.js,.json".
std::vector<std::string> endings_of(const std::vector<std::string>& words) {
  std::vector<std::string> endings;
  for (std::string_view rest : words)
    while (!rest.empty()) {
      const auto end = std::min(rest.find(','), rest.size());
      auto ending = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      ending.remove_prefix(ending.starts_with('*') ? 1 : 0);
      ending.remove_prefix(ending.starts_with('.') ? 1 : 0);
      if (!ending.empty())
        endings.emplace_back(ending);
    }
  return endings;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos;
}

} // namespace

std::string resolved_name(const declared_app& app, std::string_view env_name) {
  std::string name = app.spec.name;
  if (!app.has(&app_spec::name)) {
    const auto& script = app.spec.exec_path;
    name = base_name(script);
    name.resize(name.size() - extension_of(script).size());
  }
  if (!app.declaration.name_prefix.empty())
    name = fmt::format("{}:{}", app.declaration.name_prefix, name);
  if (app.declaration.append_env_to_name && !env_name.empty())
    name = fmt::format("{}-{}", name, env_name);
  return name;
}

app_spec resolver::resolve(const declared_app& app, problem_list& problems) {
  app_spec spec = app.spec;
  if (const auto named = spec.named_envs.find(env_name_); named != spec.named_envs.end())
    for (const auto& [name, value] : named->second)
      spec.env.insert_or_assign(name, value);
  if (app.declaration.port)
    spec.env.insert_or_assign("PORT", fmt::format("{}", *app.declaration.port));
  resolve_name(app, spec, problems);
  check_variables(app, spec, problems);
  if (!resolve_cwd(app, spec, problems))
    return spec; // every other path starts there
  resolve_script(app, spec, problems);
  resolve_instances(app, spec, problems);
  resolve_listen(app, spec, problems);
  resolve_files(spec);
  resolve_watch(app, spec, problems);
  if (app.declaration.time)
    spec.log_date_format = plain_date; // as in PM2, whatever log_date_format says
  resolve_user(app, spec, problems);
  spec.version = version_near(spec.exec_path);
  return spec;
}

app_spec resolver::resolve_change(const declared_app& app, problem_list& problems) {
  app_spec spec = app.spec;
  if (app.declaration.port)
    spec.env.insert_or_assign("PORT", fmt::format("{}", *app.declaration.port));
  for (const auto name : {&app_spec::name, &app_spec::name_space})
    if (const auto problem = name_problem(spec.*name); problem && app.has(name) && !app.is_bad(name))
      problems.add({}, fmt::format("{} {} {}", subject(problems, option_of(name)), in_quotes(spec.*name), *problem));
  check_variables(app, spec, problems);
  if (!resolve_cwd(app, spec, problems))
    return spec;
  if (app.has(&app_spec::interpreter) && spec.interpreter != no_interpreter)
    find_interpreter_path(app, spec, problems);
  resolve_files(spec);
  resolve_watch(app, spec, problems);
  resolve_user(app, spec, problems);
  return spec;
}

std::string resolver::absolute(std::string_view path, std::string_view base) const {
  if (path == "~" || path.starts_with("~/"))
    return absolute_path(std::string(who_.home).append(path.substr(1)), base);
  return absolute_path(path, base);
}

void resolver::resolve_name(const declared_app& app, app_spec& spec, problem_list& problems) const {
  const bool derived = !app.has(&app_spec::name);
  if (app.is_bad(&app_spec::name) || (derived && app.spec.exec_path.empty()))
    return; // that is told already, or by resolve_script()
  spec.name = resolved_name(app, env_name_);
  if (const auto problem = name_problem(spec.name)) {
    problems.add(app.position_of(derived ? option_member(&app_spec::exec_path) : &app_spec::name),
                 fmt::format("the name {} {}{}", in_quotes(spec.name), *problem,
                             derived ? fmt::format(": set {}", subject(problems, option_of(&app_spec::name))) : ""));
  }
  if (const auto problem = name_problem(spec.name_space))
    problems.add(app.position_of(&app_spec::name_space),
                 fmt::format("the namespace {} {}", in_quotes(spec.name_space), *problem));
}

bool resolver::resolve_cwd(const declared_app& app, app_spec& spec, problem_list& problems) {
  if (app.is_bad(&app_spec::cwd))
    return false;
  spec.cwd = absolute(app.spec.cwd, who_.cwd);
  if (spec.cwd == checked_cwd_)
    return true;
  if (!os::is_directory(spec.cwd)) {
    problems.add(
        app.position_of(&app_spec::cwd),
        fmt::format("{}: no such folder: {}", subject(problems, option_of(&app_spec::cwd)), in_quotes(spec.cwd)));
    return false;
  }
  checked_cwd_ = spec.cwd;
  return true;
}

void resolver::resolve_script(const declared_app& app, app_spec& spec, problem_list& problems) {
  const auto& script = app.spec.exec_path;
  if (app.is_bad(&app_spec::exec_path))
    return;
  if (script.empty()) {
    problems.add(
        app.position_of(&app_spec::exec_path),
        fmt::format("{} is missing: what shall the app run?", subject(problems, option_of(&app_spec::exec_path))));
    return;
  }
  const auto path = absolute(script, spec.cwd);
  if (os::is_regular_file(path)) {
    spec.exec_path = path;
    resolve_interpreter(app, spec, problems);
    return;
  }
  if (script == serve_script) {
    resolve_site(app, spec, problems);
    return;
  }
  if (auto program = os::find_program(script, who_.search_path, spec.cwd)) {
    spec.exec_path = *std::move(program);
    resolve_interpreter(app, spec, problems);
    return;
  }
  const bool interpreted = !app.spec.interpreter.empty() && app.spec.interpreter != no_interpreter;
  if (is_command_line(script) && !interpreted) {
    resolve_command_line(app, spec, problems);
    return;
  }
  problems.add(app.position_of(&app_spec::exec_path),
               os::is_directory(path) ? fmt::format("the script is a folder: {}", in_quotes(path))
               : script.find('/') != std::string::npos
                   ? fmt::format("no such script: {}", in_quotes(path))
                   : fmt::format("no such script: {}, nor a program {} in PATH", in_quotes(path), in_quotes(script)));
}

/// The file server of this program, as PM2 has one under that name; what it serves is in env, or in the caller's
/// environment. A program `serve` of somebody else is meant by its path.
void resolver::resolve_site(const declared_app& app, app_spec& spec, problem_list& problems) const {
  const option_member without_meaning[] = {&app_spec::args, &app_spec::node_args, &app_spec::interpreter};
  for (const option_member& member : without_meaning)
    if (app.has(member))
      problems.add(app.position_of(member),
                   fmt::format("{} has no meaning for the script {}, which is procvisor's own file server: write the "
                               "path of the program if another one is meant",
                               subject(problems, option_of(member)), in_quotes(serve_script)));
  if (spec.instances > 1)
    problems.add(app.position_of(&app_spec::instances), "a file server is one process: one port has one listener");
  spec.exec_path = who_.program;
  spec.interpreter = no_interpreter;
  spec.args = {serve_role};
  for (const auto& setting : site_settings()) { // those of the caller's environment are the server's to check
    const auto at = spec.env.find(site_variable(setting));
    const auto problem = at == spec.env.end() ? std::nullopt : site_value_problem(setting, at->second);
    if (problem)
      problems.add(app.position_of(&app_spec::env), fmt::format("{} {}", at->first, *problem));
  }
  const auto root = spec.env.find(site_variable(site_root_setting));
  if (root == spec.env.end())
    return;
  root->second = absolute(root->second, spec.cwd);
  if (!os::is_directory(root->second))
    problems.add(app.position_of(&app_spec::env),
                 fmt::format("there is no folder {} to serve", in_quotes(root->second)));
}

void resolver::resolve_command_line(const declared_app& app, app_spec& spec, problem_list& problems) {
  auto shell = find_interpreter("bash", spec.cwd);
  if (!shell)
    shell = find_interpreter("sh", spec.cwd);
  if (!shell) {
    problems.add(app.position_of(&app_spec::exec_path),
                 fmt::format("neither bash nor sh is in PATH to run {}", in_quotes(app.spec.exec_path)));
    return;
  }
  spec.exec_path = *shell;
  spec.interpreter = no_interpreter;
  spec.args = {"-c", app.spec.exec_path};
  if (!app.spec.args.empty()) {
    spec.args.emplace_back(base_name(*shell)); // $0; the next one is $1
    spec.args.insert(spec.args.end(), app.spec.args.begin(), app.spec.args.end());
  }
}

std::optional<std::string> resolver::find_interpreter(const std::string& name, const std::string& cwd) {
  if (name.find('/') != std::string::npos) {
    auto path = absolute(name, cwd);
    return os::is_executable(path) ? std::optional(std::move(path)) : std::nullopt;
  }
  if (const auto known = programs_.find(name); known != programs_.end())
    return known->second;
  return programs_.emplace(name, os::find_program(name, who_.search_path, who_.cwd)).first->second;
}

void resolver::choose_interpreter(const declared_app& app, app_spec& spec, problem_list& problems) {
  if (const auto* row = find_extension(spec.exec_path)) {
    spec.interpreter = row->interpreter;
    if (!row->fallback.empty() && !find_interpreter(spec.interpreter, spec.cwd)
        && find_interpreter(std::string(row->fallback), spec.cwd))
      spec.interpreter = row->fallback;
    if (row->extension == python_extension)
      spec.env.emplace("PYTHONUNBUFFERED", "1"); // or its output comes when it ends
    return;
  }
  spec.interpreter = no_interpreter;
  if (os::is_executable(spec.exec_path) && os::is_program(spec.exec_path))
    return;
  const auto extension = extension_of(spec.exec_path);
  problems.add(
      app.position_of(&app_spec::exec_path),
      fmt::format("{} is {} and there is no interpreter for {}: set {}{}", in_quotes(spec.exec_path),
                  os::is_executable(spec.exec_path) ? "neither a program nor a script with #!" : "not executable",
                  extension.empty() ? "a name without extension" : in_quotes(extension),
                  subject(problems, option_of(&app_spec::interpreter)),
                  os::is_program(spec.exec_path) ? " or chmod +x" : ""));
}

void resolver::resolve_interpreter(const declared_app& app, app_spec& spec, problem_list& problems) {
  if (spec.interpreter.empty())
    choose_interpreter(app, spec, problems);
  else if (spec.interpreter == no_interpreter && !os::is_executable(spec.exec_path))
    problems.add(app.position_of(&app_spec::exec_path),
                 fmt::format("{} is not executable: chmod +x", in_quotes(spec.exec_path)));
  if (spec.interpreter != no_interpreter)
    find_interpreter_path(app, spec, problems);
}

void resolver::find_interpreter_path(const declared_app& app, app_spec& spec, problem_list& problems) {
  if (const auto path = find_interpreter(spec.interpreter, spec.cwd)) {
    spec.interpreter_path = *path;
    if (base_name(*path) == node)
      spec.node_version = version_of_node(*path);
    return;
  }
  const bool declared = app.has(&app_spec::interpreter);
  problems.add(
      app.position_of(declared ? option_member(&app_spec::interpreter) : &app_spec::exec_path),
      fmt::format("the interpreter {} {}", in_quotes(spec.interpreter),
                  spec.interpreter.find('/') == std::string::npos ? "is not in PATH" : "is not an executable file"));
}

const std::string& resolver::version_of_node(const std::string& path) {
  if (const auto known = node_versions_.find(path); known != node_versions_.end())
    return known->second;
  std::string version;
  const auto said = os::run_program({path, "--version"}, longest_version);
  if (said && said->wait_status == 0 && said->talk.starts_with('v'))
    version = said->talk.substr(1, said->talk.find('\n') - 1);
  return node_versions_.emplace(path, std::move(version)).first->second;
}

void resolver::resolve_instances(const declared_app& app, app_spec& spec, problem_list& problems) const {
  spec.instances_given = app.has(&app_spec::instances);
  if (app.has_one_for_each_cpu && !app.has(&app_spec::merge_logs))
    spec.merge_logs = true; // as in PM2
  const auto& mode = app.declaration.exec_mode;
  const bool is_node = base_name(spec.interpreter) == node;
  if (mode == cluster_words.front() && !is_node)
    problems.add(app.position_of(&app_declaration::exec_mode),
                 fmt::format("{}: cluster mode is that of node, which does not run {}: set it to fork",
                             subject(problems, option_of(&app_declaration::exec_mode)), in_quotes(spec.exec_path)));
  const bool is_wanted = mode == cluster_words.front();
  if (is_wanted && !spec.listen.empty())
    problems.add(app.position_of(&app_spec::listen),
                 fmt::format("{} is for fork mode: in cluster mode procvisor opens what the processes listen on",
                             subject(problems, option_of(&app_spec::listen))));
  spec.is_cluster = is_node && (is_wanted || (mode.empty() && spec.instances_given && spec.listen.empty()));
}

void resolver::resolve_listen(const declared_app& app, app_spec& spec, problem_list& problems) const {
  if (app.is_bad(&app_spec::listen))
    return;
  const auto complain = [&](std::string_view address, std::string_view what) {
    problems.add(app.position_of(&app_spec::listen),
                 fmt::format("{}: {}: {}", subject(problems, option_of(&app_spec::listen)), in_quotes(address), what));
  };
  std::set<std::string_view> seen;
  for (auto& address : spec.listen) {
    const bool is_path = address.find(':') == std::string::npos && address.find('/') != std::string::npos;
    if (is_path)
      address = absolute(address, spec.cwd);
    if (const auto query = parse_listen_address(address); !query)
      complain(address, query.error().what);
    else if (!seen.insert(address).second)
      complain(address, "it stands there twice");
  }
  if (spec.listen.size() > most_listen_addresses)
    problems.add(app.position_of(&app_spec::listen),
                 fmt::format("{} has {} sockets, and {} is the limit", subject(problems, option_of(&app_spec::listen)),
                             spec.listen.size(), most_listen_addresses));
}

void resolver::check_variables(const declared_app& app, const app_spec& spec, problem_list& problems) const {
  for (const auto variable : {&app_spec::instance_var, &app_spec::increment_var})
    if (app.has(variable) && !app.is_bad(variable) && !is_variable_name(spec.*variable))
      problems.add(app.position_of(variable),
                   fmt::format("{} is no name of a variable: {}", subject(problems, option_of(variable)),
                               in_quotes(spec.*variable)));
  const auto first = spec.env.find(spec.increment_var);
  if (first != spec.env.end() && !parse_integer(first->second))
    problems.add(app.position_of(&app_spec::increment_var),
                 fmt::format("{} counts up from {} in env, which must be a whole number, not {}",
                             subject(problems, option_of(&app_spec::increment_var)), in_quotes(first->first),
                             in_quotes(first->second)));
}

void resolver::resolve_files(app_spec& spec) const {
  for (std::string* file : {&spec.out_file, &spec.error_file, &spec.log_file.path, &spec.pid_file}) {
    if (file->empty())
      continue;
    *file = *file == "NULL" ? "/dev/null" : absolute(*file, spec.cwd); // NULL: PM2's word for it
  }
}

void resolver::resolve_watch(const declared_app& app, app_spec& spec, problem_list& problems) const {
  for (auto& path : spec.watch.paths) {
    path = absolute(path, spec.cwd);
    if (::access(path.c_str(), F_OK) != 0)
      problems.add(app.position_of(&app_spec::watch),
                   fmt::format("{}: no such file or folder: {}", subject(problems, option_of(&app_spec::watch)),
                               in_quotes(path)));
  }
  for (auto& text : spec.ignore_watch) {
    if (text.starts_with("~/"))
      text = absolute(text, spec.cwd);
    if (const auto problem = ignore_problem(text))
      problems.add(
          app.position_of(&app_spec::ignore_watch),
          fmt::format("{}: {} {}", subject(problems, option_of(&app_spec::ignore_watch)), in_quotes(text), *problem));
  }
  spec.ext = endings_of(spec.ext);
}

void resolver::resolve_user(const declared_app& app, app_spec& spec, problem_list& problems) {
  if (geteuid() != 0 && spec.gid && *spec.gid != getegid())
    problems.add(app.position_of(&app_spec::gid), fmt::format("{}: only root can run an app as another group",
                                                              subject(problems, option_of(&app_spec::gid))));
  if (!spec.uid) {
    if (!caller_name_) {
      const auto caller = os::find_user(geteuid());
      caller_name_ = caller ? caller->name : std::to_string(geteuid());
    }
    spec.user_name = *caller_name_;
    return;
  }
  if (geteuid() != 0 && *spec.uid != geteuid())
    problems.add(app.position_of(&app_spec::uid), fmt::format("{}: only root can run an app as another user",
                                                              subject(problems, option_of(&app_spec::uid))));
  const auto user = os::find_user(*spec.uid);
  spec.user_name = user ? user->name : std::to_string(*spec.uid);
  if (user)
    spec.env.emplace("HOME", user->home);
  if (spec.gid)
    return;
  if (user)
    spec.gid = user->gid;
  else // the app would keep the caller's group, which may be root's
    problems.add(app.position_of(&app_spec::uid), fmt::format("user {} has no entry that names its group: set {}",
                                                              *spec.uid, subject(problems, option_of(&app_spec::gid))));
}

const std::string& resolver::version_near(std::string_view file) {
  const std::string folder{file.substr(0, file.rfind('/') == std::string_view::npos ? 0 : file.rfind('/'))};
  if (const auto known = versions_.find(folder); known != versions_.end())
    return known->second;
  std::string version;
  if (const auto text = os::read_text_file(folder + "/package.json", most_package_bytes)) {
    const auto package = nlohmann::json::parse(*text, nullptr, false);
    const auto at = package.is_object() ? package.find("version") : package.end();
    if (at != package.end() && at->is_string())
      version = at->get<std::string>();
  } else if (!folder.empty()) {
    version = version_near(folder);
  }
  return versions_.emplace(folder, std::move(version)).first->second;
}

} // namespace procvisor::config
