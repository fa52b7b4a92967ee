#include "cli/verbs.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/suggest.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

namespace {

constexpr std::string_view targets = "[NAME|ID|NAMESPACE|all|/REGEX/|FILE ...]";

constexpr std::array all_verbs = std::to_array<verb>({
    {.name = "start",
     .aliases = "",
     .operands = "[FILE|SCRIPT|NAME|ID|NAMESPACE|all|/REGEX/ ...] [-- ARG ...]",
     .help = "start the apps of a file, a script, or what was stopped",
     .run = run::start,
     .takes_app_args = true},
    {.name = "stop",
     .aliases = "",
     .operands = targets,
     .help = "stop processes; they stay in the list",
     .run = run::stop},
    {.name = "restart",
     .aliases = "",
     .operands = "[NAME|ID|NAMESPACE|all|/REGEX/|FILE ...] [-- ARG ...]",
     .help = "stop processes and start them again, with the options given",
     .run = run::restart,
     .takes_app_args = true},
    {.name = "reload",
     .aliases = "",
     .operands = "[NAME|ID|NAMESPACE|all|/REGEX/|FILE ...] [-- ARG ...]",
     .help = "replace processes by new ones, without a gap where they are in cluster mode",
     .run = run::reload,
     .takes_app_args = true},
    {.name = "gracefulReload",
     .aliases = "",
     .operands = "[NAME|ID|NAMESPACE|all|/REGEX/|FILE ...] [-- ARG ...]",
     .help = "the same; the old ones are sent the message 'shutdown' first",
     .run = run::graceful_reload,
     .takes_app_args = true},
    {.name = "delete",
     .aliases = "del",
     .operands = targets,
     .help = "stop processes and take them off the list",
     .run = run::remove},
    {.name = "startOrRestart",
     .aliases = "",
     .operands = "[FILE ...]",
     .help = "start the apps of a file; restart those of them that run",
     .run = run::start_or_restart},
    {.name = "startOrReload",
     .aliases = "",
     .operands = "[FILE ...]",
     .help = "start the apps of a file; reload those of them that run",
     .run = run::start_or_reload},
    {.name = "startOrGracefulReload",
     .aliases = "",
     .operands = "[FILE ...]",
     .help = "the same; those that are replaced are sent the message 'shutdown' first",
     .run = run::start_or_graceful_reload},
    {.name = "scale",
     .aliases = "",
     .operands = "APP COUNT|+COUNT|-COUNT",
     .help = "start more processes of an app, or delete some",
     .run = run::scale,
     .min_targets = 2,
     .max_targets = 2,
     .takes_numbers = true},
    {.name = "reset",
     .aliases = "",
     .operands = targets,
     .help = "set the counters of restarts to zero",
     .run = run::reset},
    {.name = "list",
     .aliases = "ls l ps status",
     .operands = "",
     .help = "show all processes",
     .run = run::list,
     .max_targets = 0},
    {.name = "jlist",
     .aliases = "",
     .operands = "",
     .help = "print all processes as JSON, in PM2's form",
     .run = run::jlist,
     .max_targets = 0},
    {.name = "prettylist",
     .aliases = "",
     .operands = "",
     .help = "print the same as readable text, in PM2's form",
     .run = run::prettylist,
     .max_targets = 0},
    {.name = "describe",
     .aliases = "show info desc",
     .operands = "NAME|ID",
     .help = "show everything about a process",
     .run = run::describe,
     .min_targets = 1,
     .max_targets = 1},
    {.name = "id",
     .aliases = "",
     .operands = "NAME|NAMESPACE|/REGEX/",
     .help = "print the ids of an app",
     .run = run::id,
     .min_targets = 1,
     .max_targets = 1},
    {.name = "pid",
     .aliases = "",
     .operands = "[NAME|ID|NAMESPACE|/REGEX/]",
     .help = "print the process ids of an app, or of all apps",
     .run = run::pid,
     .max_targets = 1},
    {.name = "env",
     .aliases = "",
     .operands = "ID|NAME",
     .help = "print the environment of a process",
     .run = run::env,
     .min_targets = 1,
     .max_targets = 1},
    {.name = "logs",
     .aliases = "log",
     .operands = "[NAME|ID|NAMESPACE|/REGEX/|procvisor ...]",
     .help = "show the last lines of the logs, and follow them",
     .run = run::logs},
    {.name = "send",
     .aliases = "",
     .operands = "NAME|ID LINE",
     .help = "write a line to the standard input of an app",
     .run = run::send,
     .min_targets = 1,
     .max_targets = 2,
     .takes_app_args = true},
    {.name = "attach",
     .aliases = "",
     .operands = "NAME|ID [SEPARATOR]",
     .help = "show the log of an app, and send it what is typed",
     .run = run::attach,
     .min_targets = 1,
     .max_targets = 2},
    {.name = "sendSignal",
     .aliases = "",
     .operands = "SIGNAL NAME|ID|NAMESPACE|all|/REGEX/",
     .help = "send a signal to the main process of apps",
     .run = run::send_signal,
     .min_targets = 2,
     .max_targets = 2},
    {.name = "trigger",
     .aliases = "",
     .operands = "NAME|ID|NAMESPACE|all|/REGEX/ ACTION [PARAMS]",
     .help = "ask apps for one of the actions that they offer, and show their replies",
     .run = run::trigger,
     .min_targets = 2,
     .max_targets = 3},
    {.name = "flush",
     .aliases = "",
     .operands = "[NAME|ID|NAMESPACE|/REGEX/ ...]",
     .help = "empty log files; without a target all, and procvisor.log",
     .run = run::flush},
    {.name = "reloadLogs",
     .aliases = "",
     .operands = "",
     .help = "open all log files anew, after they have been moved away",
     .run = run::reload_logs,
     .max_targets = 0},
    {.name = "set",
     .aliases = "",
     .operands = "KEY VALUE",
     .help = "change a setting: what apps get that do not say otherwise",
     .run = run::set,
     .min_targets = 2,
     .max_targets = 2,
     .takes_numbers = true},
    {.name = "get",
     .aliases = "",
     .operands = "[KEY]",
     .help = "print a setting, or all",
     .run = run::get,
     .max_targets = 1},
    {.name = "unset",
     .aliases = "",
     .operands = "KEY|all",
     .help = "take a setting back",
     .run = run::unset,
     .min_targets = 1,
     .max_targets = 1},
    {.name = "multiset",
     .aliases = "",
     .operands = "'KEY VALUE ...'",
     .help = "change several settings at once",
     .run = run::multiset,
     .min_targets = 1,
     .max_targets = 1},
    {.name = "conf",
     .aliases = "",
     .operands = "[KEY [VALUE]]",
     .help = "get and set in one",
     .run = run::conf,
     .max_targets = 2,
     .takes_numbers = true},
    {.name = "report",
     .aliases = "",
     .operands = "",
     .help = "print what somebody who is to help needs to know; no secrets",
     .run = run::report,
     .max_targets = 0},
    {.name = "completion",
     .aliases = "",
     .operands = "[bash|zsh|fish|install|uninstall]",
     .help = "print a script that completes words in a shell, or install it",
     .run = run::completion,
     .max_targets = 1},
    {.name = "serve",
     .aliases = "expose",
     .operands = "[PATH] [PORT]",
     .help = "serve the files of a folder by HTTP, in an app of its own",
     .run = run::serve,
     .max_targets = 2},
    {.name = "dump",
     .aliases = "save",
     .operands = "",
     .help = "save the list, for resurrect",
     .run = run::dump,
     .max_targets = 0},
    {.name = "resurrect",
     .aliases = "",
     .operands = "[FILE]",
     .help = "start what was saved; FILE may be PM2's dump.pm2",
     .run = run::resurrect,
     .max_targets = 1},
    {.name = "cleardump",
     .aliases = "",
     .operands = "",
     .help = "save an empty list",
     .run = run::cleardump,
     .max_targets = 0},
    {.name = "startup",
     .aliases = "",
     .operands = "[systemd|ubuntu|centos|gentoo]",
     .help = "have what is saved started at boot",
     .run = run::startup,
     .max_targets = 1},
    {.name = "unstartup",
     .aliases = "",
     .operands = "[systemd|ubuntu|centos|gentoo]",
     .help = "take that back",
     .run = run::unstartup,
     .max_targets = 1},
    {.name = "ping",
     .aliases = "",
     .operands = "",
     .help = "start the daemon where none runs, and wait for its answer",
     .run = run::ping,
     .max_targets = 0},
    {.name = "update",
     .aliases = "updatePM2",
     .operands = "",
     .help = "replace the running daemon by this program; no app is touched",
     .run = run::update,
     .max_targets = 0},
    {.name = "kill",
     .aliases = "",
     .operands = "",
     .help = "stop all processes and the daemon",
     .run = run::kill,
     .max_targets = 0},
    {.name = "help",
     .aliases = "",
     .operands = "[VERB]",
     .help = "show the options of a verb",
     .run = run::help,
     .max_targets = 1},
});

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word)
      return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

} // namespace

std::span<const verb> verbs() {
  return all_verbs;
}

const verb* find_verb(std::string_view name) {
  const auto* found = std::find_if(all_verbs.begin(), all_verbs.end(),
                                   [&](const verb& v) { return v.name == name || has_word(v.aliases, name); });
  return found != all_verbs.end() ? found : nullptr;
}

tl::unexpected<error> unknown_verb(std::string_view word) {
  std::vector<std::string_view> known;
  for (const verb& v : verbs())
    known.push_back(v.name);
  std::string hint = did_you_mean(word, known);
  return fail(exit_code::usage, fmt::format("there is no verb {}", in_quotes(word)),
              hint.empty() ? "procvisor --help" : hint);
}

std::string general_help() {
  std::string text = "Usage: procvisor VERB [OPTION ...] [TARGET ...]\n\nVerbs:\n";
  for (const verb& v : all_verbs) {
    std::string names{v.name};
    if (!v.aliases.empty())
      names += fmt::format(" ({})", v.aliases);
    fmt::format_to(std::back_inserter(text), "  {:<27} {}\n", names, v.help);
  }
  text += "\nExit codes:\n";
  for (const exit_code_meaning& row : exit_code_meanings)
    fmt::format_to(std::back_inserter(text), "  {:<2} {}\n", static_cast<int>(row.code), row.meaning);
  text += "\n'procvisor VERB --help' shows the options of a verb, 'procvisor --version' the version.\n";
  return text;
}

} // namespace procvisor::cli
