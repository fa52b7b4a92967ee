#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "config/load.hpp"

namespace procvisor::config {

/// `restart NAME --max-restarts 3 -- ARG ...`: what a command line says about an app that is in the list already.
struct change_request {
  given_options options = {};
  std::vector<std::string> args = {}; ///< what followed --
  bool has_args = false;              ///< -- was there: the app's arguments are replaced, perhaps by none
  caller who = {};
};

struct spec_change {
  nlohmann::json keys;                  ///< for spec_with(); null: nothing changes
  std::vector<std::string> dropped;     ///< options that cannot change what is there already, such as --instances
  std::vector<std::string> doubts = {}; ///< values that are hardly what was meant
};

/// Relative paths start at --cwd, else at the caller's folder.
result<spec_change> read_change(const change_request& request);

} // namespace procvisor::config
