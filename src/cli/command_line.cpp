#include "cli/command_line.hpp"

#include <algorithm>

#include "cli/spec_options.hpp"

namespace procvisor::cli {

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
