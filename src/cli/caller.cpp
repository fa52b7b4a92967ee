#include "cli/caller.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>

#include "core/option_table.hpp"
#include "core/text.hpp"
#include "core/units.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// The first of these variables that is set, read by `parse`; an error names the variable.
template <class T>
result<std::optional<T>> first_of(std::initializer_list<const char*> names, std::optional<T> (*parse)(std::string_view),
                                  const app_option& option) {
  for (const char* name : names) {
    const std::string text = variable(name);
    if (text.empty())
      continue;
    auto value = parse(text);
    if (!value)
      return fail(exit_code::usage, fmt::format("{} must be {}, not {}", name, expected_form(option), in_quotes(text)));
    return value;
  }
  return std::optional<T>{};
}

} // namespace

result<config::caller> find_caller() {
  std::array<char, PATH_MAX> folder{};
  if (::getcwd(folder.data(), folder.size()) == nullptr)
    return fail(exit_code::usage, fmt::format("the working directory cannot be found: {}", std::strerror(errno)),
                "cd to a folder that exists");
  auto timeout =
      first_of({"PROCVISOR_KILL_TIMEOUT", "PM2_KILL_TIMEOUT"}, &parse_duration, option_of(&app_spec::kill_timeout));
  if (!timeout)
    return fail(std::move(timeout.error()));
  auto signal =
      first_of({"PROCVISOR_KILL_SIGNAL", "PM2_KILL_SIGNAL"}, &parse_stop_stages, option_of(&app_spec::kill_signal));
  if (!signal)
    return fail(std::move(signal.error()));
  return config::caller{folder.data(), variable("PATH"), variable("HOME"), *timeout, *std::move(signal)};
}

caller_environment read_environment(const char* const* variables) {
  caller_environment found;
  for (; *variables != nullptr; ++variables) {
    std::string_view entry = *variables;
    size_t sign = entry.find('=');
    std::string_view name = entry.substr(0, sign);
    if (sign == std::string_view::npos || name.empty() || name.starts_with("PROCVISOR_"))
      continue;
    if (is_utf8(entry))
      found.variables.emplace(name, entry.substr(sign + 1));
    else
      found.left_out.emplace_back(name);
  }
  return found;
}

result<std::string> read_standard_input() {
  std::string text;
  std::array<char, 65536> block; // NOLINT: read fills it
  for (;;) {
    ssize_t count = ::read(STDIN_FILENO, block.data(), block.size());
    if (count == 0)
      return text;
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return fail(exit_code::usage, fmt::format("cannot read standard input: {}", std::strerror(errno)));
    text.append(block.data(), static_cast<size_t>(count));
    if (text.size() > rpc::max_message_bytes)
      return fail(exit_code::usage, fmt::format("standard input is larger than {} MiB", rpc::max_message_bytes >> 20U));
  }
}

} // namespace procvisor::cli
