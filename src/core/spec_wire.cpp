#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/named_env.hpp"
#include "core/option_table.hpp"
#include "core/wire_text.hpp"

namespace procvisor {

namespace {

/// Of an object with the paths of a watch that is not wanted for now.
constexpr const char* watch_off_key = "off";

// One pair of functions for each type of member.

bool is_empty(bool value) {
  return !value;
}
bool is_empty(int value) {
  return value == 0;
}
bool is_empty(uint64_t value) {
  return value == 0;
}
bool is_empty(rotate_interval value) {
  return value == rotate_interval::never;
}
bool is_empty(std::chrono::milliseconds value) {
  return value.count() == 0;
}
bool is_empty(const environment_filter& value) {
  return value == environment_filter{};
}
bool is_empty(const combined_log& value) {
  return !value.wanted;
}
bool is_empty(const watch_choice& value) {
  return value == watch_choice{};
}
bool is_empty(cluster_policy value) {
  return value == cluster_policy::round_robin;
}
bool is_empty(restart_choice value) {
  return value == restart_choice::always;
}
bool is_empty(unready_action value) {
  return value == unready_action::keep;
}
bool is_empty(log_kind value) {
  return value == log_kind::raw;
}
template <class T>
bool is_empty(const std::optional<T>& value) {
  return !value;
}
template <class Container>
bool is_empty(const Container& value) {
  return value.empty();
}

template <class T>
nlohmann::json to_wire(const T& value) {
  return value;
}
nlohmann::json to_wire(const std::string& value) {
  return to_wire_text(value);
}
nlohmann::json to_wire(const std::vector<std::string>& value) {
  auto wire = nlohmann::json::array();
  for (const auto& item : value)
    wire.push_back(to_wire(item));
  return wire;
}
template <class T>
nlohmann::json to_wire(const std::map<std::string, T>& value) {
  auto wire = nlohmann::json::object();
  for (const auto& [name, item] : value)
    wire.emplace(to_wire_text(name), to_wire(item));
  return wire;
}
nlohmann::json to_wire(std::chrono::milliseconds value) {
  return value.count();
}
nlohmann::json to_wire(const std::vector<stop_stage>& value) {
  return to_string(value);
}
nlohmann::json to_wire(const combined_log& value) {
  return value.path.empty() ? nlohmann::json(value.wanted) : to_wire(value.path);
}
nlohmann::json to_wire(const watch_choice& value) {
  if (value.paths.empty())
    return value.wanted;
  return value.wanted ? to_wire(value.paths) : nlohmann::json{{watch_off_key, to_wire(value.paths)}};
}
nlohmann::json to_wire(cluster_policy value) {
  return to_string(value);
}
nlohmann::json to_wire(restart_choice value) {
  return to_string(value);
}
nlohmann::json to_wire(unready_action value) {
  return to_string(value);
}
nlohmann::json to_wire(rotate_interval value) {
  return value == rotate_interval::never ? nlohmann::json(false) : nlohmann::json(to_string(value));
}
nlohmann::json to_wire(log_kind value) {
  return to_string(value);
}
nlohmann::json to_wire(const environment_filter& value) {
  if (value.everything)
    return true;
  return value.name.empty() ? to_wire(value.parts) : to_wire(value.name);
}
template <class T>
nlohmann::json to_wire(const std::optional<T>& value) {
  return *value; // an empty one is not sent
}

bool from_wire(const nlohmann::json& wire, std::string& value) {
  if (!wire.is_string())
    return false;
  auto text = from_wire_text(wire.get_ref<const std::string&>());
  if (!text)
    return false;
  value = *std::move(text);
  return true;
}
bool from_wire(const nlohmann::json& wire, bool& value) {
  if (!wire.is_boolean())
    return false;
  value = wire.get<bool>();
  return true;
}
template <class Integer>
requires std::is_integral_v<Integer>
bool from_wire(const nlohmann::json& wire, Integer& value) {
  if (!wire.is_number_integer() || (wire.is_number_unsigned() && !std::in_range<Integer>(wire.get<uint64_t>()))
      || (!wire.is_number_unsigned() && !std::in_range<Integer>(wire.get<int64_t>())))
    return false;
  value = wire.get<Integer>();
  return true;
}
bool from_wire(const nlohmann::json& wire, std::chrono::milliseconds& value) {
  int64_t count = 0;
  if (!from_wire(wire, count))
    return false;
  value = std::chrono::milliseconds(count);
  return true;
}
bool from_wire(const nlohmann::json& wire, std::vector<stop_stage>& value) {
  auto stages = wire.is_string() ? parse_stop_stages(wire.get_ref<const std::string&>()) : std::nullopt;
  if (!stages)
    return false;
  value = *std::move(stages);
  return true;
}
bool from_wire(const nlohmann::json& wire, combined_log& value) {
  value.wanted = true;
  return from_wire(wire, value.path) || from_wire(wire, value.wanted);
}
bool from_wire(const nlohmann::json& wire, cluster_policy& value) {
  const auto read = wire.is_string() ? cluster_policy_of(wire.get_ref<const std::string&>()) : std::nullopt;
  value = read.value_or(cluster_policy::round_robin);
  return read.has_value();
}
bool from_wire(const nlohmann::json& wire, restart_choice& value) {
  const auto read = wire.is_string() ? restart_choice_of(wire.get_ref<const std::string&>()) : std::nullopt;
  value = read.value_or(restart_choice::always);
  return read.has_value();
}
bool from_wire(const nlohmann::json& wire, unready_action& value) {
  const auto read = wire.is_string() ? unready_action_of(wire.get_ref<const std::string&>()) : std::nullopt;
  value = read.value_or(unready_action::keep);
  return read.has_value();
}
bool from_wire(const nlohmann::json& wire, rotate_interval& value) {
  const auto read = wire == false      ? std::optional(rotate_interval::never)
                    : wire.is_string() ? rotate_interval_of(wire.get_ref<const std::string&>())
                                       : std::nullopt;
  value = read.value_or(rotate_interval::never);
  return read.has_value();
}
bool from_wire(const nlohmann::json& wire, log_kind& value) {
  const auto read = wire.is_string() ? log_kind_of(wire.get_ref<const std::string&>()) : std::nullopt;
  value = read.value_or(log_kind::raw);
  return read.has_value();
}
template <class T>
bool from_wire(const nlohmann::json& wire, std::optional<T>& value) {
  return from_wire(wire, value.emplace());
}
template <class T>
bool from_wire(const nlohmann::json& wire, std::vector<T>& value) {
  if (!wire.is_array())
    return false;
  value.clear();
  value.reserve(wire.size());
  for (const auto& item : wire)
    if (!from_wire(item, value.emplace_back()))
      return false;
  return true;
}
bool from_wire(const nlohmann::json& wire, watch_choice& value) {
  value = {};
  if (wire.is_boolean())
    return from_wire(wire, value.wanted);
  value.wanted = wire.is_array();
  if (wire.is_object())
    return wire.contains(watch_off_key) && from_wire(wire.at(watch_off_key), value.paths);
  return from_wire(wire, value.paths);
}
template <class T>
bool from_wire(const nlohmann::json& wire, std::map<std::string, T>& value) {
  if (!wire.is_object())
    return false;
  value.clear();
  for (const auto& [name, item] : wire.get_ref<const nlohmann::json::object_t&>()) {
    auto key = from_wire_text(name);
    if (!key || !from_wire(item, value.emplace_hint(value.end(), *std::move(key), T{})->second))
      return false;
  }
  return true;
}

bool from_wire(const nlohmann::json& wire, environment_filter& value) {
  if (wire.is_boolean())
    return from_wire(wire, value.everything);
  return wire.is_string() ? from_wire(wire, value.name) : from_wire(wire, value.parts);
}

/// Calls visit(member) where the row fills a member of app_spec; a declaration's members do not travel.
template <class Visitor>
auto visit_spec_member(const app_option& option, Visitor visit) {
  return std::visit(
      [&]<class Member>(Member member) {
        if constexpr (std::is_invocable_v<Visitor, Member>)
          return visit(member);
        else
          return true;
      },
      option.member);
}

} // namespace

nlohmann::json spec_to_json(const app_spec& spec) {
  static const app_spec defaults;
  nlohmann::json wire = nlohmann::json::object();
  for (const auto& option : app_options())
    visit_spec_member(option, [&]<class T>(T app_spec::*member) {
      const auto& value = spec.*member;
      if (!is_empty(value) || value != defaults.*member)
        wire.emplace(option.key, to_wire(value));
      return true;
    });
  return wire;
}

nlohmann::json declaration_to_json(const app_spec& spec) {
  static const app_spec defaults;
  nlohmann::json declaration = nlohmann::json::object();
  for (const auto& option : app_options()) {
    if (option.state != standing::built)
      continue;
    visit_spec_member(option, [&]<class T>(T app_spec::*member) {
      const auto& value = spec.*member;
      if (value != defaults.*member || (option.member == option_member(&app_spec::instances) && spec.instances_given))
        declaration.emplace(option.key, to_wire(value));
      return true;
    });
  }
  for (const auto& [name, variables] : spec.named_envs)
    declaration.emplace(fmt::format("{}{}", named_env_prefix, to_wire_text(name)), to_wire(variables));
  return declaration;
}

result<app_spec> spec_from_json(const nlohmann::json& wire) {
  return spec_with(app_spec{}, wire);
}

result<app_spec> spec_with(app_spec spec, const nlohmann::json& changes) {
  if (!changes.is_object())
    return fail(exit_code::other, "an app's spec is not an object");
  static const app_spec defaults;
  for (const auto& option : app_options()) {
    const auto it = changes.find(option.key);
    if (it == changes.end())
      continue;
    const bool read = visit_spec_member(option, [&]<class T>(T app_spec::*member) {
      if (it->is_null()) {
        spec.*member = defaults.*member;
        return true;
      }
      if constexpr (std::is_same_v<T, environment>) {
        environment variables;
        if (!from_wire(*it, variables))
          return false;
        variables.merge(spec.*member); // what is there already stays as it is
        spec.*member = std::move(variables);
        return true;
      } else {
        return from_wire(*it, spec.*member);
      }
    });
    if (!read)
      return fail(exit_code::other, fmt::format("'{}' in an app's spec is not {}", option.key, expected_form(option)));
  }
  return spec;
}

nlohmann::json environment_to_json(const environment& variables) {
  return to_wire(variables);
}

result<environment> environment_from_json(const nlohmann::json& wire) {
  environment variables;
  if (!from_wire(wire, variables))
    return fail(exit_code::other, "an environment is not an object of texts");
  return variables;
}

} // namespace procvisor
