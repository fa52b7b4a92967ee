#include "help_text.hpp"

#include <regex>
#include <sstream>

namespace e2e {

std::vector<listed_verb> listed_verbs(const home_fixture& place) {
  static const std::regex form{"^  ([a-zA-Z]+)(?: \\(([a-zA-Z ]+)\\))? .*"};
  std::vector<listed_verb> verbs;
  for (const auto& line : lines_of(place.done({"--help"}).out)) {
    std::smatch found;
    if (!std::regex_match(line, found, form))
      continue;
    listed_verb verb{.name = found[1], .aliases = {}};
    std::istringstream aliases{found[2]};
    for (std::string alias; aliases >> alias;)
      verb.aliases.push_back(alias);
    verbs.push_back(std::move(verb));
  }
  REQUIRE(verbs.size() > 30);
  return verbs;
}

} // namespace e2e
