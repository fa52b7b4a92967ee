#include "core/deploy_request.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/deploy_target.hpp"
#include "core/text.hpp"
#include "core/units.hpp"

namespace procvisor {

namespace {

constexpr std::array words_of_commands = std::to_array<std::string_view>(
    {"setup", "update", "revert", "current", "curr", "previous", "prev", "exec", "run", "list", "ref"});

constexpr const char* help_hint = "procvisor deploy help";

tl::unexpected<error> too_many(std::string_view command, const std::string& word) {
  return fail(exit_code::usage, fmt::format("'{}' of deploy takes nothing like {}", command, in_quotes(word)),
              help_hint);
}

result<deploy_request> read_ref(const std::string& ref) {
  if (auto problem = deploy_ref_problem(ref))
    return fail(exit_code::usage, fmt::format("the ref {}", *problem));
  return deploy_request{.action = deploy_action::update, .ref = ref};
}

result<deploy_request> read_revert(std::span<const std::string> words) {
  deploy_request wanted{.action = deploy_action::revert};
  if (words.empty())
    return wanted;
  const auto number = parse_integer(words.front());
  if (!number || *number < 1 || *number > INT32_MAX)
    return fail(exit_code::usage,
                fmt::format("'revert' takes the number of deploys to go back, from 1, not {}", in_quotes(words[0])));
  wanted.back = *number;
  return wanted;
}

} // namespace

result<deploy_request> read_deploy_words(std::span<const std::string> words) {
  if (words.empty())
    return deploy_request{};
  const std::string& command = words.front();
  const auto rest = words.subspan(1);
  if (command == "exec" || command == "run") {
    if (rest.empty())
      return fail(exit_code::usage, fmt::format("'{}' of deploy needs a command", command),
                  fmt::format("procvisor deploy production {} 'uptime; df -h'", command));
    return deploy_request{.action = deploy_action::execute, .command = fmt::format("{}", fmt::join(rest, " "))};
  }
  const bool is_revert = command == "revert";
  const bool is_ref = command == "ref";
  if (is_ref && rest.empty())
    return fail(exit_code::usage, "'ref' of deploy needs a ref", help_hint);
  const size_t most = is_revert || is_ref ? 1 : 0;
  if (rest.size() > most)
    return too_many(command, rest[most]);
  if (is_revert)
    return read_revert(rest);
  if (is_ref)
    return read_ref(rest.front());
  if (command == "setup")
    return deploy_request{.action = deploy_action::setup};
  if (command == "update")
    return deploy_request{};
  if (command == "current" || command == "curr")
    return deploy_request{.action = deploy_action::current};
  if (command == "previous" || command == "prev")
    return deploy_request{.action = deploy_action::previous};
  if (command == "list")
    return deploy_request{.action = deploy_action::list};
  return read_ref(command);
}

bool is_deploying(deploy_action action) {
  return action == deploy_action::update || action == deploy_action::revert;
}

bool is_asking(deploy_action action) {
  switch (action) {
    case deploy_action::current:
    case deploy_action::previous:
    case deploy_action::list:
    case deploy_action::execute:
      return true;
    case deploy_action::setup:
    case deploy_action::update:
    case deploy_action::revert:
      return false;
  }
  return false;
}

std::span<const std::string_view> deploy_words() {
  return words_of_commands;
}

} // namespace procvisor
