#include "config/deploy_section.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "config/values.hpp"
#include "core/suggest.hpp"
#include "core/text.hpp"

namespace procvisor::config {

namespace {

/// A value of one key, and where problems with it go.
struct given_value {
  const deploy_key& key;
  const json_value& value;
  const source_map& where;
  problem_list& problems;

  void refuse(const source_map& at, const std::string& problem) const {
    problems.add(at.value, fmt::format("{} {}", in_quotes(key.key), problem));
  }
};

/// A text or, as for a port, a number. Empty: a problem says why.
std::string read_text(const given_value& given, const json_value& value, const source_map& where) {
  if (!value.is_string() && !value.is_number()) {
    given.refuse(where, fmt::format("must be a text, not {}", in_quotes(value.dump())));
    return {};
  }
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (const auto problem = deploy_text_problem(given.key.type, text)) {
    given.refuse(where, *problem);
    return {};
  }
  return text;
}

std::vector<std::string> read_texts(const given_value& given) {
  if (!given.value.is_array())
    return {read_text(given, given.value, given.where)};
  std::vector<std::string> texts;
  for (size_t i = 0; i < given.value.size(); ++i)
    texts.push_back(read_text(given, given.value[i], given.where.parts[i]));
  if (texts.empty())
    given.refuse(given.where, "must not be empty");
  return texts;
}

bool read_flag(const given_value& given) {
  if (given.value.is_boolean())
    return given.value.get<bool>();
  if (!given.value.is_string()) {
    given.refuse(given.where, fmt::format("must be true or false, not {}", in_quotes(given.value.dump())));
    return false;
  }
  const auto& text = given.value.get_ref<const std::string&>(); // PM2 takes any for yes
  return !text.empty() && text != "false" && text != "no" && text != "0";
}

environment read_variables(const given_value& given) {
  environment variables;
  if (!given.value.is_object()) {
    given.refuse(given.where, "must be an object of variables");
    return variables;
  }
  size_t index = 0;
  for (const auto& [name, value] : given.value.get_ref<const json_value::object_t&>()) {
    const auto& where = given.where.parts[index++];
    const auto exported = deploy_variable(name);
    if (!exported) {
      given.problems.add(where.key, fmt::format("{} is no name of a variable that a shell exports", in_quotes(name)));
      continue;
    }
    auto read = read_environment(json_value{{*exported, value}});
    if (!read)
      given.refuse(where, read.error());
    else if (!variables.emplace(*exported, std::move(read->begin()->second)).second)
      given.problems.add(where.key,
                         fmt::format("{} is given twice: the names are exported in capitals", in_quotes(*exported)));
  }
  return variables;
}

void read_member(const given_value& given, deploy_target& into) {
  std::visit(
      [&](auto member) {
        using type = std::remove_reference_t<decltype(into.*member)>;
        if constexpr (std::is_same_v<type, std::vector<std::string>>)
          into.*member = read_texts(given);
        else if constexpr (std::is_same_v<type, environment>)
          into.*member = read_variables(given);
        else if constexpr (std::is_same_v<type, bool>)
          into.*member = given.key.type == deploy_value::fetch ? read_text(given, given.value, given.where) == "fast"
                                                               : read_flag(given);
        else
          into.*member = read_text(given, given.value, given.where);
      },
      given.key.member);
}

void refuse_unknown(const std::string& name, text_position at, problem_list& problems) {
  std::vector<std::string_view> known;
  for (const auto& key : deploy_keys())
    known.push_back(key.key);
  const auto suggestion = did_you_mean(name, known);
  problems.add(at, fmt::format("unknown key {} of an environment of deploy{}{}", in_quotes(name),
                               suggestion.empty() ? "" : ": ", suggestion));
}

} // namespace

deploy_target declare_deploy_target(const std::string& name, const json_value& value, const source_map& where,
                                    problem_list& problems) {
  deploy_target target;
  target.name = name;
  if (!value.is_object()) {
    problems.add(where.value,
                 fmt::format("the environment {} must be an object, not {}", in_quotes(name), in_quotes(value.dump())));
    return target;
  }
  std::vector<const deploy_key*> seen;
  size_t index = 0;
  for (const auto& [written, member] : value.get_ref<const json_value::object_t&>()) {
    const auto& place = where.parts[index++];
    const auto* key = find_deploy_key(written);
    if (key == nullptr) {
      refuse_unknown(written, place.key, problems);
    } else if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      problems.add(place.key, fmt::format("{} is given twice", in_quotes(key->key)));
    } else if (!member.is_null()) {
      seen.push_back(key);
      read_member({*key, member, place, problems}, target);
    }
  }
  for (const auto& key : deploy_keys())
    if (key.is_required && std::find(seen.begin(), seen.end(), &key) == seen.end())
      problems.add(where.value, fmt::format("the environment {} has no {}", in_quotes(name), in_quotes(key.key)));
  return target;
}

} // namespace procvisor::config
