#pragma once

#include <string>
#include <vector>

#include "cli/invocation.hpp"

namespace procvisor::cli {

/// What a shell needs to know of a verb.
struct verb_words {
  const verb* what = nullptr;
  std::vector<option_words> options;
};

/// Scripts that complete verbs, options and the names of apps. They ask `procvisor completion names` for the latter.
std::string bash_completion(const std::vector<verb_words>& verbs);
std::string zsh_completion(const std::vector<verb_words>& verbs);
std::string fish_completion(const std::vector<verb_words>& verbs);

} // namespace procvisor::cli
