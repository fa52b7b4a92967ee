#include "cli/spec_options.hpp"

#include <algorithm>

#include <CLI/App.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace procvisor::cli {

namespace {

/// What stands for the value in a help text.
const char* value_name(value_type type) {
  switch (type) {
    case value_type::boolean:
    case value_type::boolean_or_text:
    case value_type::watched_paths:
    case value_type::variable_filter:
      return "";
    case value_type::integer:
    case value_type::integers:
    case value_type::count:
      return "N";
    case value_type::stop_stages:
      return "SIGNAL";
    case value_type::duration:
      return "TIME";
    case value_type::bytes:
      return "SIZE";
    case value_type::variables:
      return "KEY=VALUE";
    case value_type::user:
      return "USER";
    case value_type::group:
      return "GROUP";
    case value_type::mode:
      return "fork|cluster";
    case value_type::log_lines:
      return "raw|json";
    case value_type::policy:
      return "round_robin|shared";
    case value_type::choice:
      return "always|on-failure|never";
    case value_type::unready:
      return "keep|kill";
    case value_type::interval:
      return "1h|1d";
    case value_type::cron_times:
      return "TIMES";
    case value_type::zone:
      return "ZONE";
    case value_type::words:
    case value_type::text:
    case value_type::object:
      return "TEXT";
  }
  return "";
}

bool is_long(std::string_view word) {
  return word.starts_with("--");
}

/// `--name` of `--name=value`.
std::string_view name_part(std::string_view word) {
  return word.substr(0, word.find('='));
}

/// `--name=web`, `-nweb`
bool holds_value(std::string_view word) {
  return is_long(word) ? word.find('=') != std::string_view::npos : word.size() > 2;
}

/// Whether a word names this row. `-fn` names the rows of f and n; letters of a value behind them do no harm here.
bool names(std::string_view word, const app_option& row, const std::vector<std::string>& spellings) {
  if (!word.starts_with('-'))
    return false;
  if (!is_long(word))
    return row.short_option != 0 && word.find(row.short_option, 1) != std::string_view::npos;
  return std::find(spellings.begin(), spellings.end(), name_part(word)) != spellings.end();
}

std::vector<std::string> all_spellings(const app_option& row) {
  std::vector<std::string> spellings = option_spellings(row);
  std::vector<std::string> negated = negated_spellings(row);
  spellings.insert(spellings.end(), negated.begin(), negated.end());
  return spellings;
}

/// "--max-restarts"
std::string long_spelling(const app_option& row) {
  std::vector<std::string> spellings = option_spellings(row);
  return *std::find_if(spellings.begin(), spellings.end(), is_long);
}

std::string help_text(const app_option& row) {
  if (row.default_text.empty())
    return std::string{row.help};
  return fmt::format("{} (default {})", row.help, row.default_text);
}

CLI::Option* add(CLI::App& parser, const app_option& row) {
  std::string spellings = fmt::format("{}", fmt::join(option_spellings(row), ","));
  const std::string help = help_text(row); // const, or add_flag takes it for a variable to fill
  CLI::Option* option =
      option_arity(row) == arity::none ? parser.add_flag(spellings, help) : parser.add_option(spellings, help);
  switch (option_arity(row)) {
    case arity::none:
      break;
    case arity::optional:
      option->expected(0, 1);
      break;
    case arity::one:
      option->expected(1);
      break;
    case arity::many:
      option->expected(-1);
      break;
  }
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (const char* name = value_name(row.type); *name != '\0')
    option->type_name(name);
  if (row.state != standing::built)
    option->group(""); // not in the help
  return option;
}

CLI::Option* add_negation(CLI::App& parser, const app_option& row) {
  std::vector<std::string> negated = negated_spellings(row);
  if (negated.empty())
    return nullptr;
  const std::string help = fmt::format("not: {}", row.help); // const: as in add()
  CLI::Option* option = parser.add_flag(fmt::format("{}", fmt::join(negated, ",")), help);
  if (row.state != standing::built)
    option->group("");
  return option;
}

} // namespace

void spec_options::declare_named(CLI::App& parser, std::span<const std::string> words) {
  for (const app_option& row : app_options()) {
    std::vector<std::string> spellings = all_spellings(row);
    if (std::any_of(words.begin(), words.end(), [&](const auto& word) { return names(word, row, spellings); }))
      declare(parser, row);
  }
}

void spec_options::declare_all(CLI::App& parser) {
  for (const app_option& row : app_options())
    declare(parser, row);
}

void spec_options::declare(CLI::App& parser, const app_option& row) {
  if (!option_spellings(row).empty())
    declared_.push_back({&row, add(parser, row), add_negation(parser, row)});
}

config::given_options spec_options::given() const {
  config::given_options given;
  for (const auto& [row, option, negation] : declared_) {
    bool is_negated = negation != nullptr && negation->count() > 0;
    if (option->count() == 0 && !is_negated)
      continue;
    std::vector<std::string> values = option->results();
    arity expected = option_arity(*row);
    if (is_negated)
      values = {"false"};
    else if (expected == arity::none && values.back() == "true")
      values.clear();
    else if (expected == arity::optional && values.back().empty())
      values.clear();
    given.emplace(row->key, std::move(values));
  }
  return given;
}

std::vector<std::string> with_modes_spelt_out(std::vector<std::string> words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (takes_next_word(words[i])) {
      ++i;
      continue;
    }
    const app_option* row = option_by_spelling(words[i]);
    if (row == nullptr || row->type != value_type::mode || holds_value(words[i]))
      continue;
    if (i + 1 == words.size() || !takes_word(*row, words[i + 1]))
      words[i] = fmt::format("{}=true", is_long(words[i]) ? words[i] : long_spelling(*row));
  }
  return words;
}

const app_option* option_by_spelling(std::string_view word) {
  if (word.size() < 2 || word[0] != '-')
    return nullptr;
  for (const app_option& row : app_options()) {
    if (!is_long(word) ? row.short_option == word[1] : names(word, row, option_spellings(row)))
      return &row;
  }
  return nullptr;
}

bool takes_next_word(std::string_view word) {
  const app_option* option = holds_value(word) ? nullptr : option_by_spelling(word);
  if (option == nullptr)
    return false;
  const arity values = option_arity(*option);
  return values == arity::one || values == arity::many;
}

std::vector<std::string> spec_option_spellings() {
  std::vector<std::string> spellings;
  for (const app_option& row : app_options())
    for (std::string& spelling : all_spellings(row))
      spellings.push_back(std::move(spelling));
  return spellings;
}

} // namespace procvisor::cli
