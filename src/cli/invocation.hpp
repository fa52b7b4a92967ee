#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "cli/console.hpp"
#include "cli/spec_options.hpp"
#include "cli/verbs.hpp"
#include "core/result.hpp"

namespace CLI {
class App;
}

namespace procvisor::cli {

/// An option of a verb, for a shell that completes it.
struct option_words {
  std::vector<std::string> long_names;  ///< without dashes; the first is the one to offer
  std::vector<std::string> short_names; ///< the same
  std::string help;
  bool takes_value = false;
};

/// One verb being carried out. A verb declares the options of its own, calls parse(), and reads the rest:
///
///     if (auto ended = call.parse())
///       return *ended;
class invocation {
public:
  invocation(const verb& what, command_line typed, console& out);

  invocation(const invocation&) = delete;
  invocation& operator=(const invocation&) = delete;
  ~invocation();

  // -- before parse(): options, with their spellings separated by commas. The variables are set by parse().

  void flag(const char* spellings, bool& given, const char* help);
  void option(const char* spellings, std::string& value, const char* help);
  void option(const char* spellings, std::optional<int64_t>& value, const char* help); ///< not negative
  /// `--highlight` is an empty text, `--highlight=error` and `--highlight error` are "error".
  void optional_value(const char* spellings, std::optional<std::string>& value, const char* help);

  /// Nothing is carried out: parse() notes the options that the verb has declared, and ends it.
  void only_collect(std::vector<option_words>& into) { collected_ = &into; }

  /// Adds the attributes of core/option_table.
  void declare_spec_options();

  /// Reads the command line. A value where the command is over: a usage error, or --help or --version was given.
  std::optional<result<exit_code>> parse();

  // -- after parse()

  const std::vector<std::string>& targets() const noexcept { return targets_; }
  const std::vector<std::string>& app_args() const noexcept { return typed_.app_args; }
  bool has_app_args() const noexcept { return typed_.has_app_args; }
  config::given_options spec_options() const { return spec_options_.given(); }
  bool wants_mini_list() const noexcept { return wants_mini_list_; }
  console& out() noexcept { return out_; }

private:
  tl::unexpected<error> usage(std::string what, std::string hint = {}) const;
  tl::unexpected<error> unknown_option(const std::string& word) const;
  std::optional<result<exit_code>> take_targets();
  void collect_options() const;

  const verb& verb_;
  command_line typed_;
  console& out_;
  std::unique_ptr<CLI::App> parser_; ///< CLI11's headers cost seconds in each file that includes them
  cli::spec_options spec_options_;
  bool has_spec_options_ = false;
  std::vector<option_words>* collected_ = nullptr;
  std::vector<std::string> targets_;
  manners manners_;
  bool wants_mini_list_ = false;
  bool wants_version_ = false;
};

} // namespace procvisor::cli
