#include "cli/invocation.hpp"

#include <algorithm>
#include <cctype>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "core/suggest.hpp"
#include "core/text.hpp"
#include "core/units.hpp"
#include "core/version.hpp"

namespace procvisor::cli {

namespace {

/// CLI11's help with a usage line that names the targets: they are not options of CLI11's here.
class verb_formatter : public CLI::Formatter {
public:
  explicit verb_formatter(const verb& what) : verb_(what) { column_width(36); }

  std::string make_usage(const CLI::App*, std::string) const override {
    return fmt::format("Usage: procvisor {} [OPTION ...] {}\n", verb_.name, verb_.operands);
  }

private:
  const verb& verb_;
};

bool is_help(const std::string& word) {
  return word == "-h" || word == "--help";
}

} // namespace

invocation::invocation(const verb& what, command_line typed, console& out)
  : verb_(what), typed_(std::move(typed)), out_(out), parser_(std::make_unique<CLI::App>(std::string{what.help})) {
  parser_->formatter(std::make_shared<verb_formatter>(verb_));
  parser_->allow_extras();
  parser_->set_help_flag("-h,--help", "show this");
  parser_->add_flag("-s,--silent", manners_.silent, "say nothing but errors and what was asked for");
  parser_->add_flag("-m,--mini-list,--mini_list", wants_mini_list_, "a list of 'key : value' lines instead of a table");
  parser_->add_flag("--no-color,--no_color", manners_.no_colour, "no colours");
  parser_->add_flag("--json", manners_.json, "results and errors as JSON");
  parser_->add_flag("-v,-V,--version", wants_version_, "print the version");
}

invocation::~invocation() = default;

void invocation::flag(const char* spellings, bool& given, const char* help) {
  parser_->add_flag(spellings, given, help);
}

void invocation::option(const char* spellings, std::string& value, const char* help) {
  parser_->add_option(spellings, value, help);
}

void invocation::option(const char* spellings, std::optional<int64_t>& value, const char* help) {
  parser_->add_option(spellings, value, help)->check(CLI::NonNegativeNumber);
}

void invocation::optional_value(const char* spellings, std::optional<std::string>& value, const char* help) {
  CLI::callback_t set = [&value](const CLI::results_t& words) {
    value = words.empty() ? std::string{} : words.back();
    return true;
  };
  parser_->add_option(spellings, std::move(set), help)->expected(0, 1);
}

void invocation::declare_spec_options() {
  has_spec_options_ = true;
  typed_.words = with_modes_spelt_out(std::move(typed_.words));
  bool shows_all = collected_ != nullptr || std::any_of(typed_.words.begin(), typed_.words.end(), is_help);
  if (shows_all)
    spec_options_.declare_all(*parser_);
  else
    spec_options_.declare_named(*parser_, typed_.words);
}

std::optional<result<exit_code>> invocation::parse() {
  if (collected_ != nullptr) {
    collect_options();
    return exit_code::done;
  }
  std::vector<std::string> reversed{typed_.words.rbegin(), typed_.words.rend()}; // as CLI11 wants it
  try {
    parser_->parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return out_.data(parser_->help());
  } catch (const CLI::ParseError& e) {
    std::string what = e.what();
    if (!what.empty())
      what[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(what[0])));
    return usage(std::move(what));
  }
  out_.behave(manners_);
  if (wants_version_)
    return out_.data(fmt::format("{}\n", version()));
  return take_targets();
}

void invocation::collect_options() const {
  for (const CLI::Option* option : parser_->get_options())
    if (!option->get_group().empty()) // those without effect are in none
      collected_->push_back({option->get_lnames(), option->get_snames(), option->get_description(),
                             option->get_items_expected_max() > 0});
}

std::optional<result<exit_code>> invocation::take_targets() {
  for (std::string& word : parser_->remaining()) {
    if (word.size() > 1 && word[0] == '-' && !(verb_.takes_numbers && parse_integer(word)))
      return unknown_option(word);
    targets_.push_back(std::move(word));
  }
  if (targets_.size() < verb_.min_targets)
    return usage(fmt::format("'{}' needs {}, and {} given", verb_.name, verb_.operands,
                             targets_.empty() ? "nothing was" : in_quotes(targets_.back()) + " alone was"));
  if (targets_.size() > verb_.max_targets)
    return usage(fmt::format("'{}' takes {}, and {} is too many", verb_.name,
                             verb_.max_targets == 0 ? "no target" : verb_.operands,
                             in_quotes(targets_[verb_.max_targets])));
  if (typed_.has_app_args && !verb_.takes_app_args)
    return usage(fmt::format("'{}' takes no arguments for an app behind '--'", verb_.name));
  return std::nullopt;
}

tl::unexpected<error> invocation::usage(std::string what, std::string hint) const {
  if (hint.empty())
    hint = fmt::format("procvisor {} --help", verb_.name);
  return fail(exit_code::usage, std::move(what), std::move(hint));
}

tl::unexpected<error> invocation::unknown_option(const std::string& word) const {
  std::vector<std::string> known;
  for (const CLI::Option* option : parser_->get_options())
    for (const std::string& name : option->get_lnames())
      known.push_back("--" + name);
  if (has_spec_options_) {
    std::vector<std::string> more = spec_option_spellings();
    known.insert(known.end(), more.begin(), more.end());
  }
  std::string name = word.substr(0, word.find('='));
  const bool is_letter = !name.starts_with("--"); // which is one letter away from all others
  return usage(fmt::format("'{}' has no option {}", verb_.name, in_quotes(name)),
               is_letter ? "" : did_you_mean(name, {known.begin(), known.end()}));
}

} // namespace procvisor::cli
