#include "config/static_sites.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/static_site.hpp"
#include "core/suggest.hpp"
#include "core/text.hpp"
#include "core/units.hpp"

namespace procvisor::config {

namespace {

constexpr std::string_view login_key = "basic_auth";
constexpr std::string_view monitor_key = "monitor"; ///< of PM2's paid service

/// An entry on its way to an app.
struct site_entry {
  json_value app = json_value::object(); ///< the members that any app may have
  source_map where;
  json_value env = json_value::object();
  source_map env_where;
  std::vector<std::string_view> without_effect;
};

void read_setting(const site_setting& setting, const json_value& value, std::string_view as_written,
                  const source_map& where, site_entry& entry, problem_list& problems) {
  if (value.is_null())
    return;
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  const auto problem = value.is_structured() ? std::optional{fmt::format("must be {}", setting.expected)}
                                             : site_value_problem(setting, text);
  if (problem) {
    problems.add(where.value, fmt::format("{} {}", in_quotes(as_written), *problem));
    return;
  }
  entry.env[site_variable(setting)] = text;
  entry.env_where.parts.push_back(where);
}

/// {username, password}
void read_login(const json_value& value, const source_map& where, site_entry& entry, problem_list& problems) {
  if (value.is_null() || value == false)
    return;
  if (!value.is_object()) {
    problems.add(where.value, fmt::format("{} must be an object with username and password", in_quotes(login_key)));
    return;
  }
  size_t index = 0;
  for (const auto& [key, member] : value.get_ref<const json_value::object_t&>()) {
    const auto& place = where.parts[index++];
    if (const auto* setting = find_site_setting(fmt::format("{}_{}", login_key, key)))
      read_setting(*setting, member, key, place, entry, problems);
    else
      problems.add(place.key, fmt::format("unknown key {} in {}: it has username and password", in_quotes(key),
                                          in_quotes(login_key)));
  }
  if (value.size() < 2)
    problems.add(where.value, fmt::format("{} must have username and password", in_quotes(login_key)));
}

bool is_given_by_the_site(const app_option& option) {
  return option.member == option_member(&app_spec::exec_path) || option.member == option_member(&app_spec::env);
}

void add_member(site_entry& entry, std::string_view key, json_value value, source_map where) {
  entry.app[std::string{key}] = std::move(value);
  entry.where.parts.push_back(std::move(where));
}

void read_member(const std::string& key, const json_value& value, const source_map& where, site_entry& entry,
                 problem_list& problems) {
  if (key == login_key) {
    read_login(value, where, entry, problems);
    return;
  }
  if (key == monitor_key) {
    entry.without_effect.push_back(monitor_key);
    return;
  }
  if (const auto* setting = find_site_setting(key)) {
    read_setting(*setting, value, key, where, entry, problems);
    return;
  }
  const auto* option = find_option(key);
  if (option != nullptr && !is_given_by_the_site(*option)) {
    add_member(entry, key, value, where);
    return;
  }
  std::vector<std::string_view> known = option_names();
  for (const auto& setting : site_settings())
    known.push_back(setting.name);
  known.push_back(login_key);
  const auto suggestion = option != nullptr ? std::string{} : did_you_mean(key, known);
  problems.add(where.key, fmt::format("unknown key {} of a static site{}{}", in_quotes(key),
                                      suggestion.empty() ? "" : ": ", suggestion));
}

} // namespace

std::optional<declared_app> declare_static_site(const json_value& value, const source_map& where,
                                                problem_list& problems) {
  if (!value.is_object()) {
    problems.add(where.value, fmt::format("a static site must be an object, not {}", in_quotes(value.dump())));
    return std::nullopt;
  }
  site_entry entry;
  entry.where.value = where.value;
  size_t index = 0;
  for (const auto& [key, member] : value.get_ref<const json_value::object_t&>())
    read_member(key, member, where.parts[index++], entry, problems);

  const source_map here{.key = where.value, .value = where.value, .parts = {}};
  const auto& name_key = option_of(&app_spec::name).key;
  if (!entry.app.contains(name_key)) {
    const auto port = entry.env.find(site_variable(site_port_setting));
    const auto number = port == entry.env.end() ? std::nullopt : parse_integer(port->get_ref<const std::string&>());
    add_member(entry, name_key, static_site_name(number ? static_cast<int>(*number) : static_site{}.port), here);
  }
  add_member(entry, option_of(&app_spec::exec_path).key, serve_script, here);
  entry.env_where.key = entry.env_where.value = where.value;
  add_member(entry, option_of(&app_spec::env).key, std::move(entry.env), std::move(entry.env_where));

  auto app = declare_app(entry.app, entry.where, problems);
  app.without_effect.insert(app.without_effect.end(), entry.without_effect.begin(), entry.without_effect.end());
  return app;
}

} // namespace procvisor::config
