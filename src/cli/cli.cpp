#include "cli/cli.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command_line.hpp"
#include "cli/console.hpp"
#include "cli/foreground.hpp"
#include "cli/invocation.hpp"
#include "cli/verbs.hpp"
#include "core/version.hpp"

namespace procvisor::cli {

namespace {

bool asks_for(const command_line& typed, std::initializer_list<std::string_view> spellings) {
  for (const std::string& word : typed.words)
    for (std::string_view spelling : spellings)
      if (word == spelling)
        return true;
  return false;
}

/// What has no verb: --version, --help, or nothing.
result<exit_code> run_without_verb(const command_line& typed, const console& out) {
  if (asks_for(typed, {"-v", "-V", "--version"}))
    return out.data(fmt::format("{}\n", version()));
  if (asks_for(typed, {"-h", "--help"}))
    return out.data(general_help());
  if (asks_for(typed, {"--no-daemon", "--no_daemon"}))
    return run_in_foreground(out);
  return fail(exit_code::usage, "no verb was given", "procvisor --help");
}

result<exit_code> run_verb(command_line typed, console& out) {
  if (typed.verb.empty())
    return run_without_verb(typed, out);
  const verb* found = find_verb(typed.verb);
  if (found == nullptr)
    return unknown_verb(typed.verb);
  invocation call{*found, std::move(typed), out};
  try {
    return found->run(call);
  } catch (const nlohmann::json::type_error& e) { // a member of an answer that is not what rpc/wire.hpp says
    return fail(exit_code::other, fmt::format("the daemon's answer makes no sense: {}", e.what()));
  }
}

/// `pm2-runtime app.js`: the names by which the program is `procvisor runtime`.
bool is_called_runtime(std::string_view program) {
  const std::string_view name = program.substr(program.rfind('/') + 1);
  return name == "procvisor-runtime" || name == "pm2-runtime" || name == "pm2-docker";
}

/// PM2's has a verb `start`, which says nothing more.
std::vector<char*> behind_runtime(std::span<char* const> typed) {
  static std::string verb = "runtime";
  std::vector<char*> words{verb.data()};
  const bool has_start = !typed.empty() && typed.front() == std::string_view{"start"};
  words.insert(words.end(), typed.begin() + (has_start ? 1 : 0), typed.end());
  return words;
}

} // namespace

int run_client(int argc, char** argv) {
  console out;
  const std::span<char* const> arguments{argv, static_cast<size_t>(argc)};
  const auto typed = arguments.subspan(argc > 0 ? 1 : 0);
  const bool is_runtime = argc > 0 && is_called_runtime(argv[0]);
  const std::vector<char*> with_verb = is_runtime ? behind_runtime(typed) : std::vector<char*>{};
  result<exit_code> ended = run_verb(split_command_line(is_runtime ? std::span<char* const>{with_verb} : typed), out);
  if (ended)
    return static_cast<int>(*ended);
  out.report(ended.error());
  return static_cast<int>(ended.error().code);
}

} // namespace procvisor::cli
