#include "core/option_table.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include <fmt/format.h>

#include "core/named_env.hpp"
#include "core/units.hpp"

namespace procvisor {

namespace {

using enum value_type;
using enum standing;

constexpr int64_t most_milliseconds = max_duration.count();
constexpr int64_t most_instances = 10'000;
constexpr int64_t most_restarts = std::numeric_limits<int>::max();
constexpr int64_t most_port = 65'535;
constexpr int64_t most_kept_logs = 1000;

// The order is the one in which help and man page show them. Defaults are those of app_spec (a test compares them).
constexpr app_option table[] = {
    // -- identity
    {.key = "name",
     .type = text,
     .member = &app_spec::name,
     .default_text = "the script's name without its extension",
     .help = "name of the app",
     .short_option = 'n'},
    {.key = "name_prefix",
     .type = text,
     .member = &app_declaration::name_prefix,
     .help = "put in front of the name, with a colon"},
    {.key = "append_env_to_name",
     .type = boolean,
     .member = &app_declaration::append_env_to_name,
     .default_text = "false",
     .help = "add -<env> to the name when --env is given",
     .file_only = true}, // as --env chooses from a file
    {.key = "namespace",
     .type = text,
     .member = &app_spec::name_space,
     .default_text = "default",
     .help = "group of apps that commands can name together",
     .overrides_file = true},

    {.key = "user_name", .type = text, .member = &app_spec::user_name, .state = resolved},
    {.key = "version", .type = text, .member = &app_spec::version, .state = resolved},

    // -- what runs
    {.key = "script",
     .aliases = "exec cmd command",
     .type = text,
     .member = &app_spec::exec_path,
     .help = "file to run, program in PATH, or a command line for bash",
     .file_only = true},
    {.key = "cwd",
     .type = text,
     .member = &app_spec::cwd,
     .default_text = "the caller's working directory",
     .help = "working directory; relative paths of the app start here",
     .overrides_file = true},
    {.key = "args", .type = words, .member = &app_spec::args, .help = "arguments of the script"},
    {.key = "exec_interpreter",
     .aliases = "interpreter",
     .type = text,
     .member = &app_spec::interpreter,
     .default_text = "by the script's extension",
     .help = "program that runs the script; none: the script is executed itself"},
    {.key = "interpreter_path", .type = text, .member = &app_spec::interpreter_path, .state = resolved},
    {.key = "node_version", .type = text, .member = &app_spec::node_version, .state = resolved},
    {.key = "node_args",
     .aliases = "interpreter_args",
     .type = words,
     .member = &app_spec::node_args,
     .help = "arguments of the interpreter, before the script"},
    {.key = "env",
     .type = variables,
     .member = &app_spec::env,
     .help = "variables of the app; env_<name> is merged over it with --env <name>",
     .file_only = true},
    {.key = "named_envs", .type = object, .member = &app_spec::named_envs, .state = resolved},
    {.key = "filter_env",
     .type = variable_filter,
     .member = &app_spec::filter_env,
     .default_text = "false",
     .help = "the caller's variables that the app does not get; true: none of them"},
    {.key = "port", .type = integer, .member = &app_declaration::port, .help = "sets PORT", .min = 0, .max = most_port},
    {.key = "uid",
     .aliases = "user",
     .type = user,
     .member = &app_spec::uid,
     .help = "user to run as (root only)",
     .overrides_file = true},
    {.key = "gid",
     .type = group,
     .member = &app_spec::gid,
     .default_text = "the user's group",
     .help = "group to run as (root only)",
     .overrides_file = true},

    // -- how many
    {.key = "instances",
     .type = count,
     .member = &app_spec::instances,
     .default_text = "1",
     .help = "number of processes; max or 0: one for each CPU, -1: one less",
     .short_option = 'i',
     .min = -most_instances,
     .max = most_instances},
    {.key = "instances_given", .type = boolean, .member = &app_spec::instances_given, .state = resolved},
    {.key = "cluster", .type = boolean, .member = &app_spec::is_cluster, .state = resolved},
    {.key = "exec_mode",
     .aliases = "execute_command",
     .type = mode,
     .member = &app_declaration::exec_mode,
     .default_text = "fork; a node app with instances: cluster",
     .help = "fork: independent processes; cluster: node processes that serve the same ports",
     .short_option = 'x'},
    {.key = "cluster_policy",
     .type = policy,
     .member = &app_spec::cluster_policy,
     .default_text = "round_robin",
     .help = "round_robin: connections are dealt out; shared: each process accepts them itself"},
    {.key = "instance_var",
     .type = text,
     .member = &app_spec::instance_var,
     .default_text = "NODE_APP_INSTANCE",
     .help = "variable that carries the instance's number"},
    {.key = "increment_var",
     .type = text,
     .member = &app_spec::increment_var,
     .help = "variable that counts up from instance to instance, from its value in env"},

    // -- files
    {.key = "out_file",
     .aliases = "out output out_log",
     .type = text,
     .member = &app_spec::out_file,
     .default_text = "logs/<name>-out.log",
     .help = "file for standard output; /dev/null: none",
     .short_option = 'o'},
    {.key = "error_file",
     .aliases = "error err err_file err_log",
     .type = text,
     .member = &app_spec::error_file,
     .default_text = "logs/<name>-error.log",
     .help = "file for standard error; /dev/null: none",
     .short_option = 'e'},
    {.key = "log_file",
     .aliases = "log",
     .type = boolean_or_text,
     .member = &app_spec::log_file,
     .default_text = "none; without a path logs/<name>-<id>.log",
     .help = "one more file, for both",
     .short_option = 'l'},
    {.key = "pid_file",
     .aliases = "pid",
     .type = text,
     .member = &app_spec::pid_file,
     .default_text = "pids/<name>-<id>.pid",
     .help = "file for the process id",
     .short_option = 'p'},
    {.key = "merge_logs",
     .aliases = "combine_logs",
     .type = boolean,
     .member = &app_spec::merge_logs,
     .help = "one pair of log files for all instances"},
    {.key = "disable_logs",
     .type = boolean,
     .member = &app_spec::disable_logs,
     .default_text = "false",
     .help = "keep no logs"},
    {.key = "log_type",
     .type = log_lines,
     .member = &app_spec::log_type,
     .default_text = "raw",
     .help = "json: one object a line"},
    {.key = "log_date_format",
     .type = text,
     .member = &app_spec::log_date_format,
     .help = "date in front of each log line, such as 'YYYY-MM-DD HH:mm Z'"},
    {.key = "time",
     .type = boolean,
     .member = &app_declaration::time,
     .default_text = "false",
     .help = "log_date_format YYYY-MM-DDTHH:mm:ss"},

    {.key = "log_max_size",
     .type = bytes,
     .member = &app_spec::log_max_size,
     .default_text = "100M",
     .help = "size at which a log file is put aside as <file>.1; 0: never"},
    {.key = "log_rotate_interval",
     .type = interval,
     .member = &app_spec::log_rotate_interval,
     .help = "1h or 1d: put it aside at the hour, or at midnight, as well"},
    {.key = "log_keep",
     .type = integer,
     .member = &app_spec::log_keep,
     .default_text = "10",
     .help = "files put aside that are kept",
     .min = 0,
     .max = most_kept_logs},
    {.key = "log_compress",
     .type = boolean,
     .member = &app_spec::log_compress,
     .default_text = "false",
     .help = "compress them, all but the newest"},
    {.key = "log_max_total",
     .type = bytes,
     .member = &app_spec::log_max_total,
     .default_text = "0",
     .help = "bytes that the files put aside may have together; 0: any"},

    // -- when it ends
    {.key = "autorestart",
     .type = boolean,
     .member = &app_spec::autorestart,
     .default_text = "true",
     .help = "start it again when it ends"},
    {.key = "restart_policy",
     .type = choice,
     .member = &app_spec::restart_policy,
     .default_text = "always",
     .help = "on-failure: not after exit code 0"},
    {.key = "autostart",
     .type = boolean,
     .member = &app_spec::autostart,
     .default_text = "true",
     .help = "false: enter it in the list, stopped"},
    {.key = "min_uptime",
     .type = duration,
     .member = &app_spec::min_uptime,
     .default_text = "1000",
     .help = "an app that ends earlier counts as unstable",
     .min = 100,
     .max = most_milliseconds},
    {.key = "max_restarts",
     .type = integer,
     .member = &app_spec::max_restarts,
     .default_text = "15",
     .help = "unstable restarts before it is errored",
     .min = 0,
     .max = most_restarts},
    {.key = "restart_delay",
     .type = duration,
     .member = &app_spec::restart_delay,
     .default_text = "0",
     .help = "pause before a restart",
     .min = 0,
     .max = most_milliseconds},
    {.key = "exp_backoff_restart_delay",
     .type = duration,
     .member = &app_spec::exp_backoff_restart_delay,
     .default_text = "0",
     .help = "first pause before a restart; each further one is 1.5 times as long",
     .min = 0,
     .max = most_milliseconds},
    {.key = "stop_exit_codes",
     .type = integers,
     .member = &app_spec::stop_exit_codes,
     .help = "exit codes after which it is not started again",
     .min = 0,
     .max = 255},
    {.key = "max_memory_restart",
     .type = bytes,
     .member = &app_spec::max_memory_restart,
     .default_text = "0",
     .help = "restart it when it and what it has started use more memory; 0: no limit"},
    {.key = "worker_interval",
     .type = duration,
     .member = &app_spec::worker_interval,
     .default_text = "1000",
     .help = "pause between two looks at its memory, where it has a limit",
     .min = 100,
     .max = most_milliseconds},
    {.key = "cron_restart",
     .aliases = "cron",
     .type = cron_times,
     .member = &app_spec::cron_restart,
     .help = "restart it at these times: minute hour day month weekday; 0: no longer",
     .short_option = 'c'},
    {.key = "cron_timezone",
     .type = zone,
     .member = &app_spec::cron_timezone,
     .help = "the time zone of cron_restart, such as Europe/Berlin"},
    {.key = "watch",
     .type = watched_paths,
     .member = &app_spec::watch,
     .default_text = "false",
     .help = "restart it when files change: in its working directory, or these files and folders",
     .overrides_file = true},
    {.key = "ignore_watch",
     .type = words,
     .member = &app_spec::ignore_watch,
     .help = "names, paths, patterns such as *.log and regular expressions that watch leaves out",
     .overrides_file = true},
    {.key = "ext",
     .type = words,
     .member = &app_spec::ext,
     .help = "watch only files with these endings, such as js,json",
     .overrides_file = true},
    {.key = "watch_delay",
     .type = duration,
     .member = &app_spec::watch_delay,
     .default_text = "200",
     .help = "how long files have to be quiet before the restart",
     .min = 0,
     .max = most_milliseconds},

    // -- how it is started and stopped
    {.key = "listen",
     .type = words,
     .member = &app_spec::listen,
     .help = "sockets to hold for it and pass on from descriptor 3: 0.0.0.0:80, [::]:80, /run/x.sock"},
    {.key = "wait_ready",
     .type = boolean,
     .member = &app_spec::wait_ready,
     .default_text = "false",
     .help = "online when the app says that it is ready"},
    {.key = "listen_timeout",
     .type = duration,
     .member = &app_spec::listen_timeout,
     .default_text = "3000",
     .help = "limit of wait_ready, and of a reload for the new process to listen",
     .min = 0,
     .max = most_milliseconds},
    {.key = "ready_timeout_action",
     .type = unready,
     .member = &app_spec::ready_timeout_action,
     .default_text = "keep",
     .help = "kill: end what was not ready within listen_timeout"},
    {.key = "watchdog",
     .type = duration,
     .member = &app_spec::watchdog,
     .default_text = "0",
     .help = "restart it when it has not sent WATCHDOG=1 to $NOTIFY_SOCKET for so long; 0: it need not",
     .min = 0,
     .max = most_milliseconds},
    {.key = "graceful_timeout",
     .type = duration,
     .member = &app_spec::graceful_timeout,
     .default_text = "8000",
     .help = "time that a process has to finish when a reload has replaced it",
     .min = 0,
     .max = most_milliseconds},
    {.key = "kill_timeout",
     .type = duration,
     .member = &app_spec::kill_timeout,
     .default_text = "1600",
     .help = "time between the stop signal and SIGKILL",
     .short_option = 'k',
     .min = 0,
     .max = most_milliseconds},
    {.key = "kill_signal",
     .type = stop_stages,
     .member = &app_spec::kill_signal,
     .default_text = "SIGINT",
     .help = "signal that asks it to end; SIGINT 10s, SIGTERM 20s: one after the other"},
    {.key = "treekill",
     .type = boolean,
     .member = &app_spec::treekill,
     .default_text = "true",
     .help = "stop what the app has started as well"},
    {.key = "shutdown_with_message",
     .type = boolean,
     .member = &app_spec::shutdown_with_message,
     .default_text = "false",
     .help = "stop by the message 'shutdown' and not by a signal"},
    {.key = "force",
     .type = boolean,
     .member = &app_declaration::force,
     .default_text = "false",
     .help = "start another one where an app of this name runs",
     .short_option = 'f',
     .overrides_file = true},
    {.key = "write",
     .type = boolean,
     .member = &app_declaration::write,
     .default_text = "false",
     .help = "write the resolved app to <name>-pm2.json in the working directory",
     .short_option = 'w'},

    // -- PM2's own
    {.key = "kill_retry_time", .type = duration, .state = no_effect},
    {.key = "username", .type = text, .state = no_effect},
    {.key = "watch_options", .type = object, .state = no_effect, .file_only = true},
    {.key = "vizion", .type = boolean, .state = no_effect, .default_text = "true"},
    {.key = "source_map_support", .type = boolean, .state = no_effect},
    {.key = "disable_source_map_support", .type = boolean, .state = no_effect},
    {.key = "pmx", .type = boolean_or_text, .state = no_effect, .default_text = "true"},
    {.key = "automation", .type = boolean, .state = no_effect, .default_text = "true"},
    {.key = "trace", .type = boolean, .state = no_effect},
    {.key = "disable_trace", .type = boolean, .state = no_effect},
    {.key = "v8", .type = boolean, .state = no_effect},
    {.key = "event_loop_inspector", .type = boolean, .state = no_effect},
    {.key = "deep_monitoring", .type = boolean, .state = no_effect},
    {.key = "io", .type = object, .state = no_effect, .file_only = true},
    {.key = "windows_hide", .type = boolean, .state = no_effect, .default_text = "true", .file_only = true},
    {.key = "post_update", .type = words, .state = no_effect, .file_only = true},
    {.key = "install_url", .type = text, .state = no_effect, .file_only = true},
};

/// Calls visit(key) and then visit(alias) for each.
template <class Visitor>
void for_each_spelling(const app_option& option, Visitor visit) {
  visit(option.key);
  for (auto rest = option.aliases; !rest.empty();) {
    const auto end = std::min(rest.find(' '), rest.size());
    visit(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

std::string camel_case(std::string_view snake) {
  std::string camel;
  bool raise = false;
  for (const char c : snake) {
    if (c == '_') {
      raise = true;
      continue;
    }
    camel += raise && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    raise = false;
  }
  return camel;
}

/// Every key, alias and camelCase form that a file may use.
class spelling_index {
public:
  spelling_index() {
    for (const auto& option : table) {
      if (option.state == resolved)
        continue;
      for_each_spelling(option, [&](std::string_view name) {
        options_.emplace(name, &option);
        options_.emplace(camel_case(name), &option);
      });
    }
  }

  const app_option* find(std::string_view name) const {
    const auto it = options_.find(name);
    return it == options_.end() ? nullptr : it->second;
  }

  std::vector<std::string_view> names() const {
    std::vector<std::string_view> all;
    all.reserve(options_.size());
    for (const auto& [name, option] : options_)
      all.push_back(name);
    std::sort(all.begin(), all.end());
    return all;
  }

private:
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, const app_option*, text_hash, std::equal_to<>> options_;
};

const spelling_index& index_of_spellings() {
  static const spelling_index index;
  return index;
}

void add_spellings(std::vector<std::string>& out, std::string_view prefix, std::string_view name) {
  std::string dashed(name);
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  out.push_back(fmt::format("--{}{}", prefix, dashed));
  if (dashed == name && prefix.empty())
    return;
  out.push_back(fmt::format("--{}{}", prefix.empty() ? "" : "no_", name));
}

} // namespace

std::span<const app_option> app_options() {
  return table;
}

const app_option* find_option(std::string_view key_or_alias) {
  return index_of_spellings().find(key_or_alias);
}

std::vector<std::string_view> option_names() {
  return index_of_spellings().names();
}

const app_option& option_of(option_member member) {
  return *std::find_if(std::begin(table), std::end(table), [&](const auto& option) { return option.member == member; });
}

std::string_view environment_name(std::string_view key) {
  return key.starts_with(named_env_prefix) ? key.substr(named_env_prefix.size()) : std::string_view{};
}

std::string expected_form(const app_option& option) {
  switch (option.type) {
    case boolean:
      return "true or false";
    case integer:
      return fmt::format("a number from {} to {}", option.min, option.max);
    case integers:
      return fmt::format("a number from {} to {}, or a list of them", option.min, option.max);
    case text:
      return "a text";
    case words:
      return "a list of texts, or one text of words";
    case stop_stages:
      return "a signal such as SIGTERM, or several with times between them: SIGINT 10s, SIGTERM 20s";
    case duration:
      return option.min > 0 ? fmt::format("milliseconds from {}, or a number with s, m or h, such as 10s", option.min)
                            : "milliseconds, or a number with s, m or h, such as 10s";
    case bytes:
      return "a number of bytes, or one with K, M or G, such as 300M; 0: no limit";
    case variables:
      return "an object of variables, or a text of KEY=VALUE words";
    case count:
      return fmt::format("a number up to {}, or max", option.max);
    case user:
      return "a user's name or number";
    case group:
      return "a group's name or number";
    case mode:
      return "fork or cluster";
    case boolean_or_text:
      return "true, false or a path";
    case watched_paths:
      return "true, false, a path, or a list of paths";
    case log_lines:
      return "raw or json";
    case policy:
      return "round_robin or shared";
    case choice:
      return "always, on-failure or never";
    case unready:
      return "keep or kill";
    case interval:
      return "1h, 1d or false";
    case cron_times:
      return "cron's five or six fields, such as '0 3 * * *', or 0";
    case zone:
      return "the name of a time zone, such as Europe/Berlin";
    case variable_filter:
      return "true, false, a variable's name, or a list of parts of names";
    case object:
      return "an object";
  }
  return {};
}

arity option_arity(const app_option& option) {
  switch (option.type) {
    case boolean:
      return arity::none;
    case integers:
      return arity::many;
    case mode:
    case boolean_or_text:
    case watched_paths:
    case variable_filter:
      return arity::optional;
    case integer:
    case text:
    case words:
    case stop_stages:
    case duration:
    case bytes:
    case variables:
    case count:
    case user:
    case group:
    case log_lines:
    case policy:
    case choice:
    case unready:
    case interval:
    case cron_times:
    case zone:
    case object:
      return arity::one;
  }
  return arity::one;
}

bool takes_word(const app_option& option, std::string_view word) {
  if (option.type != mode)
    return !word.starts_with('-');
  const auto is_one_of = [word](const auto& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  return is_one_of(fork_words) || is_one_of(cluster_words) || word == "true" || word == "false";
}

std::vector<std::string> option_spellings(const app_option& option) {
  std::vector<std::string> out;
  if (option.file_only || option.state == resolved)
    return out;
  if (option.short_option != 0)
    out.push_back({'-', option.short_option});
  for_each_spelling(option, [&](std::string_view name) { add_spellings(out, "", name); });
  return out;
}

std::vector<std::string> negated_spellings(const app_option& option) {
  std::vector<std::string> out;
  const bool is_switch = option.type == boolean || option.type == boolean_or_text;
  if (!is_switch || option.default_text != "true" || option.file_only)
    return out;
  for_each_spelling(option, [&](std::string_view name) { add_spellings(out, "no-", name); });
  return out;
}

} // namespace procvisor
