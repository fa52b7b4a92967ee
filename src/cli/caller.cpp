#include "cli/caller.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "core/launch_recipe.hpp"
#include "os/own_program.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

} // namespace

result<config::caller> find_caller() {
  std::array<char, PATH_MAX> folder{};
  if (::getcwd(folder.data(), folder.size()) == nullptr)
    return fail(exit_code::usage, fmt::format("the working directory cannot be found: {}", std::strerror(errno)),
                "cd to a folder that exists");
  config::caller who{folder.data(), variable("PATH"), variable("HOME")};
  who.program = os::own_program(who.search_path, who.cwd);
  return who;
}

environment read_environment(const char* const* variables) {
  environment found;
  for (; *variables != nullptr; ++variables) {
    std::string_view entry = *variables;
    size_t sign = entry.find('=');
    if (sign != std::string_view::npos && sign > 0)
      found.emplace(entry.substr(0, sign), entry.substr(sign + 1));
  }
  if (found.contains(marker_variable))
    for (const char* identity : identity_variables)
      found.erase(identity);
  std::erase_if(found, [](const auto& variable) { return variable.first.starts_with("PROCVISOR_"); });
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
