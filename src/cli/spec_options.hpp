#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"
#include "core/option_table.hpp"

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace procvisor::cli {

/// The rows of core/option_table as options of a verb.
class spec_options {
public:
  /// Adds the rows that `words` name to `parser`: building all of them takes 1 ms.
  void declare_named(CLI::App& parser, std::span<const std::string> words);

  /// Adds all rows, for --help.
  void declare_all(CLI::App& parser);

  /// What was given, once `parser` has parsed.
  config::given_options given() const;

private:
  void declare(CLI::App& parser, const app_option& row);

  struct declared {
    const app_option* row;
    CLI::Option* option;
    CLI::Option* negation; ///< nullptr: it has none
  };
  std::vector<declared> declared_;
};

/// The words with `-x` written as `--exec-mode=true` where what follows it is not its value: CLI11 would take any word.
std::vector<std::string> with_modes_spelt_out(std::vector<std::string> words);

/// The row that `--name`, `--name=value`, `-n` or `-nvalue` names; nullptr: none.
const app_option* option_by_spelling(std::string_view word);

/// Whether the word behind this one is its value, whatever it looks like: `--name web`, `-n web`, but not `--name=web` and
/// `-nweb`.
bool takes_next_word(std::string_view word);

/// All spellings of all rows, for did_you_mean().
std::vector<std::string> spec_option_spellings();

} // namespace procvisor::cli
