#include "cli/command_line.hpp"

#include <algorithm>

#include "cli/spec_options.hpp"

namespace procvisor::cli {

namespace {

/// Whether the word behind this one belongs to it: `--name web`, `-n web`, but not `--name=web` and `-nweb`.
bool takes_next_word(std::string_view word) {
  bool has_value = word.starts_with("--") ? word.find('=') != std::string_view::npos : word.size() > 2;
  const app_option* option = has_value ? nullptr : option_by_spelling(word);
  if (option == nullptr)
    return false;
  arity values = option_arity(*option);
  return values == arity::one || values == arity::many;
}

} // namespace

command_line split_command_line(std::span<char* const> arguments) {
  command_line parts;
  auto end =
      std::find_if(arguments.begin(), arguments.end(), [](const char* word) { return word == std::string_view{"--"}; });
  if (end != arguments.end()) {
    parts.has_app_args = true;
    parts.app_args.assign(end + 1, arguments.end());
  }
  bool is_value = false;
  for (auto at = arguments.begin(); at != end; ++at) {
    std::string_view word = *at;
    bool is_option = word.size() > 1 && word[0] == '-';
    if (parts.verb.empty() && !is_option && !is_value && !word.empty()) {
      parts.verb = word;
      continue;
    }
    is_value = parts.verb.empty() && is_option && takes_next_word(word);
    parts.words.emplace_back(word);
  }
  return parts;
}

} // namespace procvisor::cli
