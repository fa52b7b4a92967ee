#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/process.hpp"

namespace procvisor {

/// `runtime --exit-on`: whose end is that of the container.
struct exit_rule {
  enum class kind : uint8_t {
    all,   ///< of the last process
    any,   ///< of the first one
    named, ///< of the last one with this name
  };
  kind on = kind::all;
  std::string name = {};
};

exit_rule parse_exit_rule(const std::string& text);

/// What is known of a process.
struct runtime_process {
  int64_t id = 0;
  std::string name;
  process_status status = process_status::stopped;
  int64_t exit_code = 0;
  int64_t exit_signal = 0;
  bool was_asked = false; ///< that it is down, by somebody
};

/// With which code a container ends, and when.
class runtime_exit {
public:
  explicit runtime_exit(exit_rule rule) : rule_(std::move(rule)) {}

  /// nullopt: it goes on. Otherwise the code of the process that failed last, of those that the rule is about, and 0
  /// where none has: 128 and the signal where one has ended it, 1 where it could not run.
  std::optional<int> after(const std::vector<runtime_process>& all);

private:
  exit_rule rule_;
  std::set<int64_t> over_; ///< ids
  int code_ = 0;
};

} // namespace procvisor
