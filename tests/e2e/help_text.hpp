#pragma once

#include <string>
#include <vector>

#include "home_fixture.hpp"

namespace e2e {

struct listed_verb {
  std::string name;
  words aliases;
};

/// The verbs that --help lists: a test that goes through them is there for those that are new, too.
std::vector<listed_verb> listed_verbs(const home_fixture& place);

} // namespace e2e
