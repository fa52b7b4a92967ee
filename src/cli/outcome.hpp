#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/result.hpp"

namespace procvisor::cli {

/// What came of the targets of a command: the `outcome` of the wire (rpc/wire.hpp), of one request or of several.
struct outcome {
  nlohmann::json done = nlohmann::json::array();   ///< rows
  nlohmann::json failed = nlohmann::json::array(); ///< {target or name, code, message, hint}
  nlohmann::json notes = nlohmann::json::array();  ///< texts
  bool is_by_app = false; ///< an app of which one process has failed is not done, whatever its other processes are

  void add(const nlohmann::json& wire);
  void add_failure(const std::string& target, const error& e);
};

/// done: all did (or there was nothing to do); partly: some did; otherwise the code of the failures, and
/// exit_code::other where they differ.
exit_code exit_code_of(const outcome& what);

/// One line for each process, "started web (id 0, pid 123)", and one line for all where there are many.
std::vector<std::string> outcome_lines(const outcome& what, std::string_view done_word);

/// The failures as errors, to be reported.
std::vector<error> failures_of(const outcome& what);

} // namespace procvisor::cli
