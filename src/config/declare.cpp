#include "config/declare.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/suggest.hpp"
#include "core/text.hpp"
#include "core/words.hpp"

namespace procvisor::config {

namespace {

/// Reads one value into the app, or adds a problem.
void declare_value(const app_option& option, const json_value& value, const source_map& where,
                   std::string_view as_written, declared_app& app, problem_list& problems) {
  if (value.is_null()) // says no more than leaving the key out
    return;
  const auto same = [&](const given_key& given) { return given.option == &option; };
  if (std::any_of(app.given.begin(), app.given.end(), same)) {
    problems.add(where.key, fmt::format("{} is '{}', which is given twice", as_written, option.key));
    return;
  }
  app.given.push_back({.option = &option, .at = where.key});
  if (option.state == standing::no_effect) {
    app.without_effect.push_back(option.key);
    return;
  }
  if (const auto read = read_value(option, value, app); !read) {
    app.given.back().is_bad = true;
    problems.add(where.value, fmt::format("{} {}", as_written, read.error()));
  }
}

/// What a file would say in place of the words of a command line.
json_value value_of_words(const app_option& option, const std::vector<std::string>& words) {
  if (words.empty())
    return true;
  switch (option.type) {
    case value_type::watched_paths:
      if (words.size() > 1)
        return json_value(words);
      [[fallthrough]];
    case value_type::boolean:
    case value_type::boolean_or_text:
      if (words.back() == "true" || words.back() == "false")
        return words.back() == "true";
      return words.back();
    case value_type::variable_filter:
      if (words.size() == 1 && (words.back() == "true" || words.back() == "false"))
        return words.back() == "true";
      [[fallthrough]]; // one word is a part of names here, as in PM2
    case value_type::words:
    case value_type::integers: {
      auto list = json_value::array();
      for (const auto& text : words) {
        auto spaced = text;
        if (option.type == value_type::integers)
          std::replace(spaced.begin(), spaced.end(), ',', ' ');
        const auto split = split_words(spaced);
        if (!split)
          return text; // read_value() says what is wrong with it
        for (const auto& word : *split)
          list.push_back(word);
      }
      return list;
    }
    case value_type::integer:
    case value_type::text:
    case value_type::stop_stages:
    case value_type::duration:
    case value_type::bytes:
    case value_type::variables:
    case value_type::count:
    case value_type::user:
    case value_type::group:
    case value_type::mode:
    case value_type::log_lines:
    case value_type::policy:
    case value_type::choice:
    case value_type::unready:
    case value_type::interval:
    case value_type::cron_times:
    case value_type::zone:
    case value_type::object:
      return words.back();
  }
  return words.back();
}

} // namespace

const given_key* declared_app::find(option_member member) const {
  const auto* option = &option_of(member);
  const auto it =
      std::find_if(given.begin(), given.end(), [option](const given_key& key) { return key.option == option; });
  return it == given.end() ? nullptr : &*it;
}

bool declared_app::has(option_member member) const {
  return find(member) != nullptr;
}

bool declared_app::is_bad(option_member member) const {
  const auto* key = find(member);
  return key != nullptr && key->is_bad;
}

text_position declared_app::position_of(option_member member) const {
  const auto* key = find(member);
  return key == nullptr ? at : key->at;
}

std::string subject(const problem_list& problems, const app_option& option) {
  if (!problems.file().empty() || option.file_only)
    return fmt::format("'{}'", option.key);
  std::string dashed(option.key);
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  return "--" + dashed;
}

declared_app declare_app(const json_value& value, const source_map& where, problem_list& problems) {
  declared_app app;
  app.at = where.value;
  if (!value.is_object()) {
    problems.add(where.value, fmt::format("an app must be an object, not {}", in_quotes(value.dump())));
    return app;
  }
  size_t index = 0;
  for (const auto& [key, member] : value.get_ref<const json_value::object_t&>()) {
    const auto& place = where.parts[index++];
    if (const auto* option = find_option(key)) {
      declare_value(*option, member, place, in_quotes(key), app, problems);
      continue;
    }
    const auto name = environment_name(key);
    if (name.empty()) {
      const auto suggestion = did_you_mean(key, option_names());
      problems.add(place.key,
                   fmt::format("unknown key {}{}{}", in_quotes(key), suggestion.empty() ? "" : ": ", suggestion));
      continue;
    }
    if (member.is_null())
      continue;
    if (auto variables = read_environment(member))
      app.spec.named_envs.insert_or_assign(std::string{name}, *std::move(variables));
    else
      problems.add(place.value, fmt::format("{} {}", in_quotes(key), variables.error()));
  }
  return app;
}

declared_app declare_options(const given_options& options, problem_list& problems) {
  declared_app app;
  for (const auto& [key, words] : options)
    if (const auto* option = find_option(key))
      declare_value(*option, value_of_words(*option, words), {}, subject(problems, *option), app, problems);
    else
      problems.add({}, fmt::format("unknown option {}", in_quotes(key)));
  return app;
}

} // namespace procvisor::config
