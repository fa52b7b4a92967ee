#include "config/values.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "core/cron.hpp"
#include "core/suggest.hpp"
#include "core/text.hpp"
#include "core/units.hpp"
#include "core/words.hpp"
#include "os/cpu_count.hpp"
#include "os/procfs.hpp"
#include "os/users.hpp"
#include "os/zones.hpp"

namespace procvisor::config {

namespace {

template <class T>
using expected = tl::expected<T, value_problem>;

std::string shown(const json_value& value) {
  if (value.is_string())
    return in_quotes(value.get_ref<const std::string&>());
  if (value.is_array())
    return "a list";
  if (value.is_object())
    return "an object";
  return value.dump();
}

tl::unexpected<value_problem> mismatch(const app_option& option, const json_value& value) {
  return tl::unexpected(fmt::format("must be {}, not {}", expected_form(option), shown(value)));
}

/// A text of the user that will be an argument, a path or a variable of a process. Files are UTF-8 (their readers see to
/// it), words of a command line may be any bytes.
expected<std::string> checked_text(std::string text) {
  if (text.find('\0') != std::string::npos)
    return tl::unexpected(value_problem("contains a NUL character"));
  return text;
}

/// A number as JavaScript writes it: 1.0 is "1".
std::string number_text(const json_value& value) {
  constexpr double exact = 9007199254740992.0; // 2^53
  if (value.is_number_float())
    if (const double number = value.get<double>(); std::trunc(number) == number && std::abs(number) < exact)
      return fmt::format("{}", static_cast<int64_t>(number));
  return value.dump();
}

expected<std::string> read_text(const app_option& option, const json_value& value) {
  if (value.is_number_integer())
    return value.dump(); // `name: 42` in a YAML file means the text
  if (!value.is_string())
    return mismatch(option, value);
  return checked_text(value.get<std::string>());
}

expected<std::vector<std::string>> read_words(const app_option& option, const json_value& value) {
  std::vector<std::string> words;
  if (value.is_array()) {
    words.reserve(value.size());
    for (const auto& item : value) {
      if (!item.is_string() && !item.is_number() && !item.is_boolean())
        return mismatch(option, item);
      auto word = checked_text(item.is_string()   ? std::string(trimmed(item.get_ref<const std::string&>()))
                               : item.is_number() ? number_text(item)
                                                  : item.dump());
      if (!word)
        return tl::unexpected(std::move(word.error()));
      words.push_back(std::move(*word));
    }
    return words;
  }
  const auto text = read_text(option, value);
  if (!text)
    return tl::unexpected(text.error());
  auto split = split_words(*text);
  if (!split)
    return tl::unexpected(fmt::format("has a quote that is not closed: {}", in_quotes(*text)));
  return *std::move(split);
}

std::optional<int64_t> whole_number(const json_value& value) {
  if (value.is_string())
    return parse_integer(value.get_ref<const std::string&>());
  if (value.is_number_integer())
    return value.get<int64_t>(); // both readers make int64_t only
  return std::nullopt;
}

expected<int> read_integer(const app_option& option, const json_value& value) {
  const auto number = whole_number(value);
  if (!number || *number < option.min || *number > option.max)
    return mismatch(option, value);
  return static_cast<int>(*number); // the table's ranges fit
}

expected<std::vector<int>> read_integers(const app_option& option, const json_value& value) {
  std::vector<int> numbers;
  const auto add = [&](const json_value& item) -> expected<void> {
    const auto number = read_integer(option, item);
    if (!number)
      return tl::unexpected(number.error());
    numbers.push_back(*number);
    return {};
  };
  if (!value.is_array()) {
    if (const auto added = add(value); !added)
      return tl::unexpected(added.error());
    return numbers;
  }
  for (const auto& item : value)
    if (const auto added = add(item); !added)
      return tl::unexpected(added.error());
  return numbers;
}

/// A list is read as its items with commas between them.
expected<std::vector<stop_stage>> read_stop_stages(const app_option& option, const json_value& value) {
  std::string text;
  for (const auto& item : value.is_array() ? value : json_value::array({value})) {
    if (!item.is_string() && !item.is_number_integer())
      return mismatch(option, value);
    text += fmt::format("{}{}", text.empty() ? "" : ",", item.is_string() ? item.get<std::string>() : item.dump());
  }
  auto stages = parse_stop_stages(text);
  if (!stages)
    return mismatch(option, value);
  return *std::move(stages);
}

expected<std::chrono::milliseconds> read_duration(const app_option& option, const json_value& value) {
  std::optional<std::chrono::milliseconds> time;
  if (value.is_string())
    time = parse_duration(value.get_ref<const std::string&>());
  else if (value.is_number_integer())
    time = std::chrono::milliseconds(value.get<int64_t>());
  if (!time || time->count() < option.min || time->count() > option.max)
    return mismatch(option, value);
  return *time;
}

expected<int> read_count(const app_option& option, const json_value& value) {
  auto number = value == "max" ? std::optional<int64_t>(0) : whole_number(value);
  if (!number || *number < option.min || *number > option.max)
    return mismatch(option, value);
  if (*number > 0)
    return static_cast<int>(*number);
  return std::max(1, os::cpu_count() + static_cast<int>(*number));
}

/// PM2's rule: a text is one name, the items of a list are parts of names.
expected<environment_filter> read_filter(const app_option& option, const json_value& value) {
  if (value.is_boolean())
    return environment_filter{.everything = value.get<bool>(), .name = {}, .parts = {}};
  environment_filter filter;
  if (value.is_string()) {
    auto name = read_text(option, value);
    if (!name)
      return tl::unexpected(std::move(name.error()));
    filter.name = *std::move(name);
    return filter;
  }
  if (!value.is_array())
    return mismatch(option, value);
  auto parts = read_words(option, value);
  if (!parts)
    return tl::unexpected(std::move(parts.error()));
  if (std::ranges::find(*parts, "") != parts->end())
    return tl::unexpected(value_problem("has an empty text, which is a part of every name: true means all"));
  filter.parts = *std::move(parts);
  return filter;
}

/// "fork", "cluster", or empty where the value leaves the mode open.
expected<std::string> read_mode(const app_option& option, const json_value& value) {
  if (value == "" || value == false || value == "false")
    return "";
  const auto is_one_of = [&](const auto& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return value == word; });
  };
  if (value == true || value == "true" || is_one_of(fork_words))
    return std::string(fork_words.front());
  if (is_one_of(cluster_words))
    return std::string(cluster_words.front());
  return mismatch(option, value);
}

expected<combined_log> read_combined_log(const app_option& option, const json_value& value) {
  if (value.is_boolean())
    return combined_log{.wanted = value.get<bool>()};
  if (!value.is_string())
    return mismatch(option, value);
  auto path = checked_text(value.get<std::string>());
  if (!path)
    return tl::unexpected(std::move(path.error()));
  return combined_log{.wanted = !path->empty(), .path = *std::move(path)};
}

expected<uint64_t> read_bytes(const app_option& option, const json_value& value) {
  std::optional<uint64_t> bytes;
  if (value.is_string())
    bytes = parse_bytes(value.get_ref<const std::string&>());
  else if (value.is_number_integer() && value.get<int64_t>() >= 0)
    bytes = value.get<uint64_t>();
  if (!bytes)
    return mismatch(option, value);
  return *bytes;
}

expected<rotate_interval> read_interval(const app_option& option, const json_value& value) {
  if (value == false)
    return rotate_interval::never;
  const auto interval = value.is_string() ? rotate_interval_of(value.get_ref<const std::string&>()) : std::nullopt;
  if (!interval)
    return mismatch(option, value);
  return *interval;
}

/// A text is one path, whatever spaces it has.
expected<watch_choice> read_watch(const app_option& option, const json_value& value) {
  if (value.is_boolean())
    return watch_choice{.wanted = value.get<bool>()};
  watch_choice choice{.wanted = true};
  for (const auto& item : value.is_array() ? value : json_value::array({value})) {
    if (!item.is_string() || item == "")
      return mismatch(option, value);
    auto path = checked_text(item.get<std::string>());
    if (!path)
      return tl::unexpected(std::move(path.error()));
    choice.paths.push_back(*std::move(path));
  }
  choice.wanted = !choice.paths.empty();
  return choice;
}

expected<cluster_policy> read_policy(const app_option& option, const json_value& value) {
  const auto policy = value.is_string() ? cluster_policy_of(value.get_ref<const std::string&>()) : std::nullopt;
  if (!policy)
    return mismatch(option, value);
  return *policy;
}

expected<restart_choice> read_choice(const app_option& option, const json_value& value) {
  const auto choice = value.is_string() ? restart_choice_of(value.get_ref<const std::string&>()) : std::nullopt;
  if (!choice)
    return mismatch(option, value);
  return *choice;
}

expected<unready_action> read_unready_action(const app_option& option, const json_value& value) {
  const auto action = value.is_string() ? unready_action_of(value.get_ref<const std::string&>()) : std::nullopt;
  if (!action)
    return mismatch(option, value);
  return *action;
}

expected<log_kind> read_log_kind(const app_option& option, const json_value& value) {
  const auto kind = value.is_string() ? log_kind_of(value.get_ref<const std::string&>()) : std::nullopt;
  if (!kind)
    return mismatch(option, value);
  return *kind;
}

expected<std::string> read_cron_times(const app_option& option, const json_value& value) {
  if (value == 0 || value == "0")
    return "";
  if (!value.is_string())
    return mismatch(option, value);
  const auto& text = value.get_ref<const std::string&>();
  if (auto schedule = parse_cron(text); !schedule)
    return tl::unexpected(
        fmt::format("must be {}, not {}: {}", expected_form(option), shown(value), schedule.error().what));
  return text;
}

expected<std::string> read_zone(const app_option& option, const json_value& value) {
  if (!value.is_string())
    return mismatch(option, value);
  const auto& name = value.get_ref<const std::string&>();
  if (name.empty() || os::find_time_zone(name))
    return name;
  const auto names = os::time_zone_names();
  if (names.empty())
    return tl::unexpected(value_problem("names a time zone, and this machine knows none: is tzdata installed?"));
  const auto near = did_you_mean(name, std::vector<std::string_view>{names.begin(), names.end()});
  return tl::unexpected(
      fmt::format("names a time zone that does not exist: {}{}{}", in_quotes(name), near.empty() ? "" : "; ", near));
}

/// A number, or what a name is looked up to.
template <class Find>
expected<uid_t> read_account(const app_option& option, const json_value& value, std::string_view kind, Find find) {
  if (const auto number = whole_number(value)) {
    if (!std::in_range<uid_t>(*number) || static_cast<uid_t>(*number) == static_cast<uid_t>(-1))
      return mismatch(option, value);
    return static_cast<uid_t>(*number);
  }
  if (!value.is_string())
    return mismatch(option, value);
  const auto& name = value.get_ref<const std::string&>();
  const std::optional<uid_t> id = find(name);
  if (!id)
    return tl::unexpected(fmt::format("names a {} that does not exist: {}", kind, in_quotes(name)));
  return *id;
}

std::optional<uid_t> find_user_id(const std::string& name) {
  const auto user = os::find_user(name);
  return user ? std::optional(user->uid) : std::nullopt;
}

template <class T>
struct member_type;
template <class Owner, class T>
struct member_type<T Owner::*> {
  using type = T;
  using owner = Owner;
};

/// The spec or the declaration of (const) values.
template <class Owner, class Values>
auto& part_of(Values& values) {
  if constexpr (std::is_same_v<Owner, app_spec>)
    return values.spec;
  else
    return values.declaration;
}

template <class T>
void store(const app_option& option, T value, declared_values& into) {
  std::visit(
      [&]<class Member>(Member member) {
        if constexpr (!std::is_same_v<Member, std::monostate>) {
          using type = typename member_type<Member>::type;
          if constexpr (std::is_same_v<type, T> || std::is_same_v<type, std::optional<T>>)
            part_of<typename member_type<Member>::owner>(into).*member = std::move(value);
        }
      },
      option.member);
}

template <class T>
expected<void> store_if_read(const app_option& option, expected<T> value, declared_values& into) {
  if (!value)
    return tl::unexpected(std::move(value.error()));
  store(option, *std::move(value), into);
  return {};
}

/// Why a variable cannot be handed to a process; empty: it can.
value_problem variable_problem(std::string_view name, std::string_view text) {
  if (name.empty() || name.find('=') != std::string_view::npos || name.find('\0') != std::string_view::npos)
    return fmt::format("has a variable with an impossible name: {}", in_quotes(name));
  if (text.find('\0') != std::string_view::npos)
    return fmt::format("has a NUL character in {}", in_quotes(name));
  return {};
}

std::string variable_text(const json_value& value) {
  if (value.is_string())
    return value.get<std::string>();
  return value.is_number() ? number_text(value) : value.dump();
}

} // namespace

tl::expected<environment, value_problem> read_environment(const json_value& value) {
  environment variables;
  if (value.is_object()) {
    for (const auto& [name, member] : value.get_ref<const json_value::object_t&>()) {
      auto text = variable_text(member);
      if (auto problem = variable_problem(name, text); !problem.empty())
        return tl::unexpected(std::move(problem));
      variables.insert_or_assign(name, std::move(text));
    }
    return variables;
  }
  if (!value.is_string())
    return mismatch(option_of(&app_spec::env), value);
  const auto words = split_words(value.get_ref<const std::string&>());
  if (!words)
    return tl::unexpected(value_problem("has a quote that is not closed"));
  for (const auto& word : *words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      return tl::unexpected(fmt::format("has a word without '=': {}", in_quotes(word)));
    const std::string_view name(word.data(), equals);
    if (auto problem = variable_problem(name, word.substr(equals + 1)); !problem.empty())
      return tl::unexpected(std::move(problem));
    variables.insert_or_assign(std::string(name), word.substr(equals + 1));
  }
  return variables;
}

tl::expected<void, value_problem> read_value(const app_option& option, const json_value& value, declared_values& into) {
  switch (option.type) {
    case value_type::boolean:
      if (!value.is_boolean())
        return mismatch(option, value);
      store(option, value.get<bool>(), into);
      return {};
    case value_type::integer:
      return store_if_read(option, read_integer(option, value), into);
    case value_type::integers:
      return store_if_read(option, read_integers(option, value), into);
    case value_type::text:
      return store_if_read(option, read_text(option, value), into);
    case value_type::words:
      return store_if_read(option, read_words(option, value), into);
    case value_type::stop_stages:
      return store_if_read(option, read_stop_stages(option, value), into);
    case value_type::duration:
      return store_if_read(option, read_duration(option, value), into);
    case value_type::variables:
      return store_if_read(option, read_environment(value), into);
    case value_type::count:
      into.has_one_for_each_cpu = value == "max" || whole_number(value) == 0;
      return store_if_read(option, read_count(option, value), into);
    case value_type::user:
      return store_if_read(option, read_account(option, value, "user", find_user_id), into);
    case value_type::group:
      return store_if_read(option, read_account(option, value, "group", os::find_group), into);
    case value_type::mode:
      return store_if_read(option, read_mode(option, value), into);
    case value_type::variable_filter:
      return store_if_read(option, read_filter(option, value), into);
    case value_type::boolean_or_text:
      return store_if_read(option, read_combined_log(option, value), into);
    case value_type::log_lines:
      return store_if_read(option, read_log_kind(option, value), into);
    case value_type::policy:
      return store_if_read(option, read_policy(option, value), into);
    case value_type::choice:
      return store_if_read(option, read_choice(option, value), into);
    case value_type::unready:
      return store_if_read(option, read_unready_action(option, value), into);
    case value_type::cron_times:
      return store_if_read(option, read_cron_times(option, value), into);
    case value_type::zone:
      return store_if_read(option, read_zone(option, value), into);
    case value_type::interval:
      return store_if_read(option, read_interval(option, value), into);
    case value_type::bytes:
      return store_if_read(option, read_bytes(option, value), into);
    case value_type::watched_paths:
      return store_if_read(option, read_watch(option, value), into);
    case value_type::object: // no option of these is built
      return mismatch(option, value);
  }
  return {};
}

std::optional<std::string> memory_limit_doubt(const app_spec& spec) {
  constexpr uint64_t mebibyte = uint64_t{1} << 20;
  const auto limit = spec.max_memory_restart;
  const auto machine = os::memory_of_machine();
  const auto key = option_of(&app_spec::max_memory_restart).key;
  if (limit > 0 && limit < mebibyte)
    return fmt::format("{} {} is so many bytes, which no program gets by with: {}M are megabytes", key, limit, limit);
  if (machine > 0 && limit > machine)
    return fmt::format("{} {} is more than the {}M that this machine has, and never reached", key, limit,
                       machine / mebibyte);
  return std::nullopt;
}

void copy_value(const app_option& option, const declared_values& from, declared_values& to) {
  std::visit(
      [&]<class Member>(Member member) {
        if constexpr (!std::is_same_v<Member, std::monostate>) {
          using owner = typename member_type<Member>::owner;
          part_of<owner>(to).*member = part_of<owner>(from).*member;
        }
      },
      option.member);
}

} // namespace procvisor::config
