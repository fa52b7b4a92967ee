#pragma once

#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "config/document.hpp"
#include "core/option_table.hpp"

namespace procvisor::config {

/// What was declared of one app: the spec has the values as written (relative paths, no interpreter found).
struct declared_values {
  app_spec spec;
  app_declaration declaration;
  bool has_one_for_each_cpu = false; ///< instances: max or 0
};

/// What is wrong with a value, to be put after the key: "must be true or false, not 'yes'".
using value_problem = std::string;

/// Reads the value of a built option into the member that its row names.
tl::expected<void, value_problem> read_value(const app_option& option, const json_value& value, declared_values& into);

/// The value of env and env_<name>: numbers and booleans become text, null "null", objects and lists JSON text.
tl::expected<environment, value_problem> read_environment(const json_value& value);

/// Why the limit of an app's memory is hardly what was meant; nullopt: it may be.
std::optional<std::string> memory_limit_doubt(const app_spec& spec);

/// Copies the member that the option fills.
void copy_value(const app_option& option, const declared_values& from, declared_values& to);

} // namespace procvisor::config
