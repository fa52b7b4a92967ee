#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/caller.hpp"
#include "cli/file_targets.hpp"
#include "cli/invocation.hpp"
#include "cli/settings_file.hpp"
#include "core/option_schema.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

namespace {

/// Everything that `start` would find out before it starts anything.
result<size_t> check_apps(const std::string& file, const file_choice& choice, const console& out) {
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));
  auto defaults = default_options(out);
  if (!defaults)
    return fail(std::move(defaults.error()));
  who->defaults = std::move(*defaults);
  if (!config::is_config_file(file))
    return fail(exit_code::usage, fmt::format("{} is no file of apps by its name", in_quotes(file)),
                ".json, .yaml, .yml, .config.js and package.json are");
  const auto request = file_request_for(file, choice, {}, *who);
  if (!request)
    return fail(error{request.error()});
  auto apps = config::load_file(*request);
  auto deploy = config::check_deploy_section({.path = file, .stdin_text = request->stdin_text, .who = *who});
  if (!deploy && apps)
    return fail(std::move(deploy.error()));
  if (!deploy && deploy.error().what != apps.error().what) // the same where the file cannot be read at all
    apps.error().what += "\n" + deploy.error().what;
  return apps.map([&](const config::loaded& all) {
    for (const std::string& warning : all.warnings)
      out.warn(fmt::format("{}: {}", printable(file), warning));
    return all.apps.size();
  });
}

} // namespace

result<exit_code> run::validate(invocation& call) {
  file_choice choice;
  bool wants_schema = false;
  call.option("--env", choice.env_name, "use env_NAME of the file");
  call.option("--only", choice.only, "only these apps of the file, separated by commas");
  call.flag("--schema", wants_schema, "print a JSON schema of such files, for editors");
  if (auto ended = call.parse())
    return *ended;
  const console& out = call.out();
  if (wants_schema)
    return out.data(ecosystem_schema().dump(2) + "\n");
  const auto who = find_caller();
  if (!who)
    return fail(error{who.error()});
  const auto files = targets_or_default_file(call.targets(), *who);
  if (!files)
    return fail(error{files.error()});

  exit_code worst = exit_code::done;
  for (const std::string& file : *files) {
    const auto count = check_apps(file, choice, out);
    if (count) {
      out.talk(fmt::format("{}: {} apps, and nothing is wrong", printable(file), *count));
    } else {
      out.report(count.error());
      worst = std::max(worst, count.error().code);
    }
  }
  return worst;
}

} // namespace procvisor::cli
