#include "config/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <unordered_map>

#include <fmt/format.h>

#include "config/declare.hpp"
#include "config/deploy_section.hpp"
#include "config/js_reader.hpp"
#include "config/json_reader.hpp"
#include "config/problems.hpp"
#include "config/resolve.hpp"
#include "config/static_sites.hpp"
#include "config/yaml_reader.hpp"
#include "core/suggest.hpp"
#include "core/text.hpp"
#include "os/find_program.hpp"
#include "os/text_file.hpp"

namespace procvisor::config {

namespace {

constexpr size_t most_bytes = 16 * 1024 * 1024;

constexpr std::string_view standard_input = "-";
constexpr std::string_view package_file = "package.json";

// The keys of a file's outermost object.
constexpr std::string_view apps_key = "apps";
constexpr std::string_view pm2_key = "pm2"; ///< the one that package.json has
constexpr std::string_view deploy_key = "deploy";
constexpr std::string_view static_key = "static";
constexpr std::string_view schema_key = "$schema"; ///< for editors

enum class format : uint8_t { json, yaml, js };

struct format_row {
  std::string_view part_of_name;
  format how;
};
constexpr format_row formats[] = {
    {".json", format::json},    {".yml", format::yaml},      {".yaml", format::yaml},
    {".config.js", format::js}, {".config.cjs", format::js}, {".config.mjs", format::js},
};

constexpr std::string_view default_files[] = {
    "ecosystem.json",       "ecosystem.yaml",       "ecosystem.yml", "ecosystem.config.js",
    "ecosystem.config.cjs", "ecosystem.config.mjs", package_file,
};

const format_row* find_format(std::string_view name) {
  const auto* row = std::find_if(std::begin(formats), std::end(formats), [&](const format_row& candidate) {
    return name.find(candidate.part_of_name) != std::string_view::npos;
  });
  return row == std::end(formats) ? nullptr : row;
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

std::string file_problem(int failure) {
  switch (failure) {
    case ENOENT:
      return "no such file";
    case EISDIR:
      return "is a folder, not a file";
    case EFBIG:
      return fmt::format("is larger than {} MiB: that is no file of apps", most_bytes / 1024 / 1024);
    default: // any other errno says it itself
      return fmt::format("cannot be read: {}", std::strerror(failure));
  }
}

/// How messages name the file.
std::string file_label(const file_request& request) {
  return request.path == standard_input ? "standard input" : request.path;
}

result<document> read_document(const file_request& request) {
  if (request.path == standard_input)
    return read_json(request.stdin_text, file_label(request));
  const auto* row = find_format(base_name(request.path));
  if (row == nullptr)
    row = find_format(request.path);
  const auto path = request.path.starts_with('/') ? request.path : request.who.cwd + "/" + request.path;
  const auto text = os::read_text_file(path, most_bytes);
  if (!text)
    return fail(problem_at(request.path, {}, file_problem(text.error())));
  switch (row == nullptr ? format::json : row->how) {
    case format::json:
      return read_json(*text, request.path);
    case format::yaml:
      return read_yaml(*text, request.path);
    case format::js:
      return read_js(request.path, request.who);
  }
  return fail(problem_at(request.path, {}, "is of no known format"));
}

/// A value of a document and its place.
struct placed {
  const json_value* value = nullptr;
  const source_map* where = nullptr;
};

/// A member of an object; value is nullptr where there is none.
placed member(placed object, std::string_view key) {
  if (!object.value->is_object())
    return {};
  size_t index = 0;
  for (const auto& [name, value] : object.value->get_ref<const json_value::object_t&>()) {
    if (name == key)
      return {&value, &object.where->parts[index]};
    ++index;
  }
  return {};
}

void check_outermost_keys(placed root, problem_list& problems) {
  size_t index = 0;
  for (const auto& [name, value] : root.value->get_ref<const json_value::object_t&>()) {
    const auto& where = root.where->parts[index++];
    if (name == apps_key || name == pm2_key || name == deploy_key || name == static_key || name == schema_key)
      continue;
    const auto suggestion = did_you_mean(name, {apps_key, deploy_key, static_key});
    problems.add(where.key, fmt::format("unknown key {} outside of the apps{}{}", in_quotes(name),
                                        suggestion.empty() ? "" : ": ", suggestion));
  }
}

/// The entries of `static`: one, or a list of them.
std::vector<placed> find_sites(const document& doc, problem_list& problems) {
  const auto sites = member({&doc.root, &doc.where}, static_key);
  std::vector<placed> found;
  if (sites.value == nullptr || sites.value->is_null())
    return found;
  if (sites.value->is_object())
    return {sites};
  if (!sites.value->is_array()) {
    problems.add(sites.where->value, fmt::format("{} must be a list of sites", in_quotes(static_key)));
    return found;
  }
  for (size_t i = 0; i < sites.value->size(); ++i)
    found.push_back({&(*sites.value)[i], &sites.where->parts[i]});
  return found;
}

/// The apps of a document in all the shapes that a file may have: under `apps`, under `pm2`, a bare list, one object.
std::vector<placed> find_apps(const document& doc, bool is_package, bool has_sites, problem_list& problems) {
  placed at{&doc.root, &doc.where};
  const auto has_app_key = [](const json_value& value) {
    const auto& members = value.get_ref<const json_value::object_t&>();
    return std::any_of(members.begin(), members.end(), [](const auto& entry) { return find_option(entry.first); });
  };
  if (doc.root.is_object()) {
    const auto apps = member(at, apps_key);
    const auto pm2 = member(at, pm2_key);
    if (!is_package && (apps.value != nullptr || pm2.value != nullptr || !has_app_key(doc.root)))
      check_outermost_keys(at, problems);
    if (apps.value != nullptr)
      at = apps;
    else if (pm2.value != nullptr)
      at = member(pm2, apps_key).value != nullptr ? member(pm2, apps_key) : pm2;
    else if (is_package || !has_app_key(doc.root))
      at = {};
  }
  std::vector<placed> apps;
  if (at.value == nullptr || at.value->is_null()) {
    // no apps
  } else if (at.value->is_array()) {
    for (size_t i = 0; i < at.value->size(); ++i)
      apps.push_back({&(*at.value)[i], &at.where->parts[i]});
  } else if (at.value->is_object()) {
    apps.push_back(at);
  } else {
    problems.add(at.where->value, fmt::format("expected a list of apps, not {}", in_quotes(at.value->dump())));
    return apps;
  }
  if (apps.empty() && problems.empty() && !has_sites)
    problems.add({}, is_package ? "has neither 'apps' nor 'pm2'" : "has no apps");
  return apps;
}

struct declared_file {
  std::vector<declared_app> apps; ///< those that --only selects
  std::vector<std::string> names; ///< theirs
};

bool is_selected(const declared_app& app, const std::string& name, const std::vector<std::string>& only) {
  return only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& wanted) {
           return wanted == name || wanted == app.spec.name;
         });
}

void check_only(const std::vector<std::string>& only, const std::vector<std::string>& names, problem_list& problems) {
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  for (const auto& wanted : only) {
    if (std::find(names.begin(), names.end(), wanted) != names.end())
      continue;
    const auto suggestion = did_you_mean(wanted, candidates);
    problems.add({},
                 fmt::format("has no app named {}{}{}", in_quotes(wanted), suggestion.empty() ? "" : ": ", suggestion));
  }
}

/// Everything but looking at the file system.
result<declared_file> declare_file(const file_request& request, problem_list& problems) {
  const auto doc = read_document(request);
  if (!doc)
    return fail(doc.error());
  declared_file file;
  std::vector<std::string> known;
  std::unordered_map<std::string, text_position> first_of_name;
  const auto enter = [&](declared_app app) {
    auto name = resolved_name(app, request.env_name);
    const auto name_at = app.position_of(&app_spec::name);
    if (const auto [first, added] = first_of_name.emplace(name, name_at); !added && !name.empty())
      problems.add(name_at, fmt::format("two apps are named {}{}", in_quotes(name),
                                        first->second.line == 0 ? ""
                                                                : fmt::format(", the other one in line {}", //
                                                                              first->second.line)));
    known.push_back(name);
    if (!app.spec.name.empty() && app.spec.name != name)
      known.push_back(app.spec.name);
    if (!is_selected(app, name, request.only))
      return;
    file.apps.push_back(std::move(app));
    file.names.push_back(std::move(name));
  };
  const bool is_package = base_name(request.path) == package_file;
  const auto sites = is_package ? std::vector<placed>{} : find_sites(*doc, problems);
  size_t index = 0;
  for (const auto& [value, where] : find_apps(*doc, is_package, !sites.empty(), problems)) {
    problems.enter_app(fmt::format("{}[{}]", apps_key, index++));
    auto app = declare_app(*value, *where, problems);
    if (value->is_object()) // otherwise the problems say so
      enter(std::move(app));
  }
  index = 0;
  for (const auto& [value, where] : sites) {
    problems.enter_app(fmt::format("{}[{}]", static_key, index++));
    if (auto app = declare_static_site(*value, *where, problems))
      enter(*std::move(app));
  }
  problems.enter_app({});
  if (problems.empty())
    check_only(request.only, known, problems);
  return file;
}

std::string join(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

void add_if_new(std::vector<std::string>& words, std::string_view word) {
  if (std::find(words.begin(), words.end(), word) == words.end())
    words.emplace_back(word);
}

/// The warning that lists what is PM2's own, if there is any of it.
void warn_without_effect(std::span<const declared_app> apps, std::vector<std::string>& warnings) {
  std::vector<std::string> keys;
  for (const auto& app : apps)
    for (const auto key : app.without_effect)
      add_if_new(keys, key);
  if (!keys.empty())
    warnings.push_back(fmt::format("known to PM2 and without effect here: {}", join(keys)));
}

void warn_missing_env(const file_request& request, const declared_file& file, std::vector<std::string>& warnings) {
  std::vector<std::string> names;
  for (size_t i = 0; i < file.apps.size(); ++i)
    if (!file.apps[i].spec.named_envs.contains(request.env_name))
      names.push_back(file.names[i]);
  if (!request.env_name.empty() && !names.empty())
    warnings.push_back(fmt::format("no env_{} for {}: only env is used", request.env_name, join(names)));
}

/// What is no mistake in form, and can hardly be meant.
void warn_of_limits(const std::vector<app_spec>& apps, std::vector<std::string>& warnings) {
  for (const auto& app : apps)
    if (auto doubt = memory_limit_doubt(app))
      warnings.push_back(fmt::format("{}: {}", in_quotes(app.name), *doubt));
}

/// The options that count with a file; a warning names the others.
given_options options_for_file(const given_options& given, std::vector<std::string>& warnings) {
  given_options used;
  std::vector<std::string> dropped;
  const problem_list command_line{""};
  for (const auto& [key, words] : given) {
    const auto* option = find_option(key);
    if (option == nullptr || option->overrides_file)
      used.emplace(key, words);
    else
      dropped.push_back(subject(command_line, *option));
  }
  if (!dropped.empty())
    warnings.push_back(fmt::format("without effect on a file of apps: {}", join(dropped)));
  return used;
}

/// package.json counts where it has one of the keys.
std::optional<std::string> find_default_with(std::initializer_list<std::string_view> keys, const std::string& folder) {
  for (const auto name : default_files) {
    auto path = fmt::format("{}/{}", folder, name);
    if (!os::is_regular_file(path))
      continue;
    if (name != package_file)
      return path;
    const auto text = os::read_text_file(path, most_bytes);
    const auto doc = text ? read_json(*text, path) : fail(exit_code::usage, "");
    if (doc && std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
          return member({&doc->root, &doc->where}, key).value != nullptr;
        }))
      return path;
  }
  return std::nullopt;
}

tl::unexpected<error> no_such_environment(const deploy_file& request, const std::string& label, placed section) {
  std::vector<std::string_view> known;
  for (const auto& [name, value] : section.value->get_ref<const json_value::object_t&>())
    known.push_back(name);
  auto hint = did_you_mean(request.environment, known);
  if (hint.empty() && !known.empty())
    hint = fmt::format("it has {}", fmt::join(known, ", "));
  return fail(
      exit_code::not_found,
      fmt::format("{}deploy has no environment {}", place(label, section.where->value), in_quotes(request.environment)),
      std::move(hint));
}

/// Fills in what the app does not say itself.
void apply_defaults(const declared_app& defaults, declared_app& app) {
  for (const auto& [option, at, is_bad] : defaults.given)
    if (!app.has(option->member))
      copy_value(*option, defaults, app);
}

/// What is done with the newest app besides starting it.
void note_declaration(const declared_app& app, loaded& out) {
  if (app.declaration.force)
    out.forced.push_back(out.apps.back().name);
  if (app.declaration.write)
    out.written.push_back(out.apps.back().name);
}

} // namespace

result<void> check_option(const app_option& option, const std::string& value) {
  problem_list problems{""};
  declare_options({{std::string{option.key}, {value}}}, problems);
  if (problems.empty())
    return {};
  return fail(std::move(problems).to_error());
}

bool is_config_file(std::string_view target) {
  return target == standard_input || find_format(target) != nullptr;
}

std::optional<std::string> find_default_file(const std::string& folder) {
  return find_default_with({apps_key, pm2_key}, folder);
}

std::optional<std::string> find_default_deploy_file(const std::string& folder) {
  return find_default_with({deploy_key}, folder);
}

result<loaded> load_file(const file_request& request) {
  loaded out;
  problem_list option_problems{""};
  auto overrides = declare_options(options_for_file(request.options, out.warnings), option_problems);
  const auto defaults = declare_options(request.who.defaults, option_problems);
  resolver resolve(request.who, request.env_name);
  if (overrides.has(&app_spec::cwd)) // told once, and not for each app
    resolve.resolve_cwd(overrides, overrides.spec, option_problems);
  if (!option_problems.empty())
    return fail(std::move(option_problems).to_error());

  problem_list problems(file_label(request));
  auto file = declare_file(request, problems);
  if (!file)
    return fail(std::move(file.error()));
  for (size_t i = 0; i < file->apps.size(); ++i) {
    auto& app = file->apps[i];
    for (const auto& option : overrides.given) {
      copy_value(*option.option, overrides, app);
      app.given.insert(app.given.begin(), option); // before the file's own
    }
    apply_defaults(defaults, app);
    problems.enter_app(fmt::format("app {}", in_quotes(file->names[i])));
    out.apps.push_back(resolve.resolve(app, problems));
    note_declaration(app, out);
  }
  if (!problems.empty())
    return fail(std::move(problems).to_error());
  warn_without_effect(file->apps, out.warnings);
  warn_missing_env(request, *file, out.warnings);
  warn_of_limits(out.apps, out.warnings);
  return out;
}

namespace {

/// The `deploy` of a file, which package.json may have below `pm2`.
placed deploy_section_of(const document& doc) {
  const placed root{&doc.root, &doc.where};
  const auto section = member(root, deploy_key);
  const auto pm2 = member(root, pm2_key);
  return section.value == nullptr && pm2.value != nullptr ? member(pm2, deploy_key) : section;
}

} // namespace

result<void> check_deploy_section(const deploy_file& request) {
  const file_request file{.path = request.path, .stdin_text = request.stdin_text, .who = request.who};
  const auto doc = read_document(file);
  if (!doc)
    return fail(doc.error());
  const auto section = deploy_section_of(*doc);
  if (section.value == nullptr || !section.value->is_object())
    return {};
  problem_list problems(file_label(file));
  size_t index = 0;
  for (const auto& [name, value] : section.value->get_ref<const json_value::object_t&>())
    (void)declare_deploy_target(name, value, section.where->parts[index++], problems);
  if (!problems.empty())
    return fail(std::move(problems).to_error());
  return {};
}

result<deploy_target> load_deploy_target(const deploy_file& request) {
  const file_request file{.path = request.path, .stdin_text = request.stdin_text, .who = request.who};
  const auto doc = read_document(file);
  if (!doc)
    return fail(doc.error());
  const auto label = file_label(file);
  const auto section = deploy_section_of(*doc);
  if (section.value == nullptr || !section.value->is_object())
    return fail(problem_at(label, {}, fmt::format("has no object {}", in_quotes(deploy_key)), "procvisor deploy help"));
  const auto environment = member(section, request.environment);
  if (environment.value == nullptr)
    return no_such_environment(request, label, section);
  problem_list problems(label);
  auto target = declare_deploy_target(request.environment, *environment.value, *environment.where, problems);
  if (!problems.empty())
    return fail(std::move(problems).to_error());
  return target;
}

result<loaded> from_command_line(const command_line& request) {
  problem_list problems{""};
  auto app = declare_options(request.options, problems);
  apply_defaults(declare_options(request.who.defaults, problems), app);
  source_map nowhere;
  // The script goes the way of a value in a file: checked, and known as given.
  const auto& script = option_of(&app_spec::exec_path);
  if (const auto read = read_value(script, request.script, app); !read)
    problems.add({}, fmt::format("the script {}", read.error()));
  app.given.push_back({.option = &script, .at = {}});
  app.spec.env = request.env;
  app.spec.args.insert(app.spec.args.end(), request.args.begin(), request.args.end());
  loaded out;
  out.apps.push_back(resolver(request.who, {}).resolve(app, problems));
  if (!problems.empty())
    return fail(std::move(problems).to_error());
  note_declaration(app, out);
  warn_without_effect(std::span(&app, 1), out.warnings);
  warn_of_limits(out.apps, out.warnings);
  return out;
}

result<std::vector<std::string>> names_in_file(const file_request& request) {
  problem_list problems(file_label(request));
  auto file = declare_file(request, problems);
  if (!file)
    return fail(std::move(file.error()));
  if (!problems.empty())
    return fail(std::move(problems).to_error());
  return std::move(file->names);
}

} // namespace procvisor::config
