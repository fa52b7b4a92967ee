#include "cli/invocation.hpp"

namespace procvisor::cli {

result<exit_code> run::help(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  if (call.targets().empty())
    return call.out().data(general_help());
  const std::string& name = call.targets().front();
  const verb* asked = find_verb(name);
  if (asked == nullptr)
    return unknown_verb(name);
  command_line typed;
  typed.verb = name;
  typed.words = {"--help"};
  invocation shown{*asked, std::move(typed), call.out()};
  return asked->run(shown);
}

} // namespace procvisor::cli
