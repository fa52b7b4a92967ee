#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/declare.hpp"
#include "config/load.hpp"

namespace procvisor::config {

/// The name that an app will have: as declared, or after its script, with prefix and environment added.
std::string resolved_name(const declared_app& app, std::string_view env_name);

/// Makes specs of what was declared: finds folders, scripts and interpreters. What it cannot find is added to the
/// problems.
class resolver {
public:
  resolver(caller who, std::string env_name) : who_(std::move(who)), env_name_(std::move(env_name)) {}

  app_spec resolve(const declared_app& app, problem_list& problems);

  /// Options for an app that is there already: the values that were given, and what follows from them alone.
  app_spec resolve_change(const declared_app& app, problem_list& problems);

  /// The working directory alone; false: there is none, and a problem says so.
  bool resolve_cwd(const declared_app& app, app_spec& spec, problem_list& problems);

private:
  void resolve_name(const declared_app& app, app_spec& spec, problem_list& problems) const;
  void resolve_script(const declared_app& app, app_spec& spec, problem_list& problems);
  void resolve_site(const declared_app& app, app_spec& spec, problem_list& problems) const;
  void resolve_command_line(const declared_app& app, app_spec& spec, problem_list& problems);
  void choose_interpreter(const declared_app& app, app_spec& spec, problem_list& problems);
  void resolve_interpreter(const declared_app& app, app_spec& spec, problem_list& problems);
  void find_interpreter_path(const declared_app& app, app_spec& spec, problem_list& problems);
  void resolve_instances(const declared_app& app, app_spec& spec, problem_list& problems) const;
  void resolve_listen(const declared_app& app, app_spec& spec, problem_list& problems) const;
  void check_variables(const declared_app& app, const app_spec& spec, problem_list& problems) const;
  void resolve_files(app_spec& spec) const;
  void resolve_watch(const declared_app& app, app_spec& spec, problem_list& problems) const;
  void resolve_user(const declared_app& app, app_spec& spec, problem_list& problems);
  const std::string& version_near(std::string_view file);
  const std::string& version_of_node(const std::string& path);

  std::string absolute(std::string_view path, std::string_view base) const;
  std::optional<std::string> find_interpreter(const std::string& name, const std::string& cwd);

  caller who_;
  std::string env_name_;
  std::map<std::string, std::optional<std::string>, std::less<>> programs_; ///< found in PATH before
  std::optional<std::string> caller_name_;                                  ///< of the user who calls
  std::map<std::string, std::string, std::less<>> versions_;                ///< by folder: of the nearest package.json
  std::map<std::string, std::string, std::less<>> node_versions_;           ///< by path
  std::string checked_cwd_; ///< the folder that was there for the app before: mostly the same one
};

} // namespace procvisor::config
