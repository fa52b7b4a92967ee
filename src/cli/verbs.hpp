#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace procvisor::cli {

class invocation;

/// One thing that a user can ask for.
struct verb {
  std::string_view name;
  std::string_view aliases;  ///< space separated
  std::string_view operands; ///< how its targets are written in the usage line; empty: it takes none
  std::string_view help;     ///< one line
  result<exit_code> (*run)(invocation&);
  size_t min_targets = 0;
  size_t max_targets = std::numeric_limits<size_t>::max();
  bool takes_app_args = false; ///< what follows `--`
  bool takes_numbers = false;  ///< a `-1` is one of its targets
};

std::span<const verb> verbs();

/// By name or alias; nullptr: unknown.
const verb* find_verb(std::string_view name);

/// The error that says so, with the verbs that may have been meant.
tl::unexpected<error> unknown_verb(std::string_view word);

/// The names of all verbs with what they do, for `procvisor --help`.
std::string general_help();

namespace run {
result<exit_code> start(invocation& call);
result<exit_code> stop(invocation& call);
result<exit_code> restart(invocation& call);
result<exit_code> reload(invocation& call);
result<exit_code> graceful_reload(invocation& call);
result<exit_code> remove(invocation& call);
result<exit_code> start_or_restart(invocation& call);
result<exit_code> start_or_reload(invocation& call);
result<exit_code> start_or_graceful_reload(invocation& call);
result<exit_code> scale(invocation& call);
result<exit_code> reset(invocation& call);
result<exit_code> list(invocation& call);
result<exit_code> jlist(invocation& call);
result<exit_code> prettylist(invocation& call);
result<exit_code> describe(invocation& call);
result<exit_code> id(invocation& call);
result<exit_code> pid(invocation& call);
result<exit_code> env(invocation& call);
result<exit_code> logs(invocation& call);
result<exit_code> ilogs(invocation& call);
result<exit_code> monit(invocation& call);
result<exit_code> events(invocation& call);
result<exit_code> send(invocation& call);
result<exit_code> attach(invocation& call);
result<exit_code> send_signal(invocation& call);
result<exit_code> trigger(invocation& call);
result<exit_code> flush(invocation& call);
result<exit_code> reload_logs(invocation& call);
result<exit_code> set(invocation& call);
result<exit_code> get(invocation& call);
result<exit_code> unset(invocation& call);
result<exit_code> multiset(invocation& call);
result<exit_code> conf(invocation& call);
result<exit_code> report(invocation& call);
result<exit_code> completion(invocation& call);
result<exit_code> deploy(invocation& call);
result<exit_code> dump(invocation& call);
result<exit_code> resurrect(invocation& call);
result<exit_code> cleardump(invocation& call);
result<exit_code> ecosystem(invocation& call);
result<exit_code> init(invocation& call);
result<exit_code> validate(invocation& call);
result<exit_code> runtime(invocation& call);
result<exit_code> startup(invocation& call);
result<exit_code> unstartup(invocation& call);
result<exit_code> ping(invocation& call);
result<exit_code> update(invocation& call);
result<exit_code> kill(invocation& call);
result<exit_code> serve(invocation& call);
result<exit_code> web(invocation& call);
result<exit_code> help(invocation& call);
} // namespace run

} // namespace procvisor::cli
