#include "core/option_schema.hpp"

#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/named_env.hpp"
#include "core/option_table.hpp"

namespace procvisor {

namespace {

using json = nlohmann::ordered_json;

json one_type(const char* type) {
  return {{"type", type}};
}

json list_of(json item) {
  return {{"type", "array"}, {"items", std::move(item)}};
}

json any_of(std::initializer_list<json> choices) {
  return {{"anyOf", json::array_t(choices)}};
}

json words_of(std::initializer_list<json> words) {
  return {{"enum", json::array_t(words)}};
}

json number_of(const app_option& option) {
  json number = one_type("integer");
  if (option.min != std::numeric_limits<int64_t>::min())
    number["minimum"] = option.min;
  if (option.max != std::numeric_limits<int64_t>::max())
    number["maximum"] = option.max;
  return number;
}

json variables() {
  return {{"type", "object"}, {"additionalProperties", {{"type", {"string", "number", "boolean", "null"}}}}};
}

/// What a value may be, as far as a schema can tell; the program says the rest.
json form_of(const app_option& option) {
  const json text = one_type("string");
  const json boolean = one_type("boolean");
  const json number = one_type("number");
  switch (option.type) {
    case value_type::boolean:
      return boolean;
    case value_type::integer:
      return any_of({number_of(option), text});
    case value_type::integers:
      return any_of({number_of(option), list_of(number_of(option)), text});
    case value_type::text:
    case value_type::stop_stages:
    case value_type::zone:
      return text;
    case value_type::words:
      return any_of({list_of(one_type("string")), text});
    case value_type::duration:
    case value_type::bytes:
    case value_type::count:
    case value_type::user:
    case value_type::group:
      return any_of({number, text});
    case value_type::variables:
      return any_of({variables(), text});
    case value_type::mode:
      return words_of({fork_words[0], fork_words[1], cluster_words[0], cluster_words[1], true});
    case value_type::boolean_or_text:
      return any_of({boolean, text});
    case value_type::watched_paths:
    case value_type::variable_filter:
      return any_of({boolean, text, list_of(text)});
    case value_type::log_lines:
      return words_of({to_string(log_kind::raw), to_string(log_kind::json)});
    case value_type::policy:
      return words_of({to_string(cluster_policy::round_robin), to_string(cluster_policy::shared)});
    case value_type::choice:
      return words_of(
          {to_string(restart_choice::always), to_string(restart_choice::on_failure), to_string(restart_choice::never)});
    case value_type::unready:
      return words_of({to_string(unready_action::keep), to_string(unready_action::kill)});
    case value_type::interval:
      return words_of({"1h", "1d", false});
    case value_type::cron_times:
      return any_of({text, words_of({0})});
    case value_type::object:
      return one_type("object");
  }
  return {};
}

json property_of(const app_option& option) {
  json property = form_of(option);
  std::string about{option.help};
  about += fmt::format("{}{}.", about.empty() ? "" : ". ", expected_form(option));
  if (!option.default_text.empty())
    about += fmt::format(" Default: {}.", option.default_text);
  property["description"] = std::move(about);
  return property;
}

json app_schema() {
  json properties = json::object();
  for (const std::string_view name : option_names())
    if (const app_option& option = *find_option(name); option.state != standing::resolved)
      properties[std::string{name}] = property_of(option);
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"patternProperties", {{fmt::format("^{}", named_env_prefix), variables()}}},
          {"additionalProperties", false}};
}

} // namespace

json ecosystem_schema() {
  const json app{{"$ref", "#/definitions/app"}};
  const json apps = any_of({list_of(app), app});
  const json file{{"type", "object"},
                  {"properties",
                   {{"$schema", one_type("string")},
                    {"apps", apps},
                    {"pm2", apps},
                    {"static", json{{"type", {"array", "object"}}}},
                    {"deploy", {{"type", "object"}, {"additionalProperties", one_type("object")}}}}},
                  {"required", {"apps"}}};
  return {{"$schema", "http://json-schema.org/draft-07/schema#"},
          {"title", "procvisor: a file of apps"},
          {"anyOf", {file, list_of(app), app}},
          {"definitions", {{"app", app_schema()}}}};
}

} // namespace procvisor
