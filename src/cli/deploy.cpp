#include <csignal>
#include <random>
#include <span>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

#include "cli/caller.hpp"
#include "cli/deploy_check.hpp"
#include "cli/deploy_crew.hpp"
#include "cli/deploy_display.hpp"
#include "cli/deploy_help.hpp"
#include "cli/deploy_report.hpp"
#include "cli/invocation.hpp"
#include "config/load.hpp"
#include "core/deploy_request.hpp"
#include "core/deploy_script.hpp"
#include "core/path_text.hpp"
#include "core/text.hpp"
#include "os/find_program.hpp"
#include "os/signals.hpp"
#include "os/text_file.hpp"

namespace procvisor::cli {

namespace {

constexpr std::string_view local_hook = "pre-deploy-local";

/// A script is an argument where the host has to have a terminal, and an argument is at most 128 KiB long.
constexpr size_t most_script_file = 64 * 1024;

struct deploy_command {
  config::caller who;
  deploy_target target;
  deploy_request request;
  size_t at_a_time = 1;
};

/// What no program that a script runs can print by chance.
std::string random_mark() {
  std::random_device source;
  return fmt::format("{:08x}{:08x}{:08x}", source(), source(), source());
}

result<std::pair<std::string, std::vector<std::string>>> split_words(std::vector<std::string> words,
                                                                     const config::caller& who) {
  if (config::is_config_file(words.front())) {
    std::string file = words.front();
    words.erase(words.begin());
    if (words.empty())
      return fail(exit_code::usage, fmt::format("no environment of {} was named", in_quotes(file)),
                  fmt::format("procvisor deploy {} production", file));
    return std::pair{std::move(file), std::move(words)};
  }
  if (auto file = config::find_default_deploy_file(who.cwd))
    return std::pair{std::move(*file), std::move(words)};
  return fail(exit_code::usage, "no file was named, and this folder has none with 'deploy'", "procvisor deploy help");
}

/// How the file is called in a clone of the repository; empty: it came from standard input.
std::string name_in_clone(const std::string& file, const config::caller& who) {
  if (file == "-")
    return {};
  const auto path = absolute_path(file, who.cwd);
  const auto below = rest_below(path, who.cwd);
  return below && below->size() > 1 ? std::string{below->substr(1)} : path.substr(path.rfind('/') + 1);
}

/// What the file leaves to us, and what is on this machine.
result<void> complete(deploy_target& target, const std::string& file, const config::caller& who) {
  const auto name = name_in_clone(file, who);
  if (!target.post_deploy && !name.empty())
    target.post_deploy = default_post_deploy(name, target.name);
  if (target.key.starts_with("~/"))
    target.key = who.home + target.key.substr(1);
  if (target.pre_setup.empty() || target.pre_setup.find('\n') != std::string::npos)
    return {};
  const auto path = absolute_path(target.pre_setup, who.cwd);
  if (!os::is_regular_file(path))
    return {};
  auto script = os::read_text_file(path, most_script_file);
  if (!script || script->find('\0') != std::string::npos)
    return fail(exit_code::usage, fmt::format("cannot take {} for a script of 'pre-setup'", in_quotes(path)),
                "a text of at most 64 KiB");
  target.pre_setup = std::move(*script);
  return {};
}

result<deploy_command> read_command(invocation& call, std::optional<int64_t> at_a_time) {
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));
  auto split = split_words(call.targets(), *who);
  if (!split)
    return fail(std::move(split.error()));
  auto& [file, words] = *split;
  deploy_command command{.who = *who, .target = {}, .request = {}};
  std::span<const std::string> rest = std::span{words}.subspan(1);
  std::vector<std::string> all(rest.begin(), rest.end());
  all.insert(all.end(), call.app_args().begin(), call.app_args().end());
  auto request = read_deploy_words(all);
  if (!request)
    return fail(std::move(request.error()));
  config::deploy_file source{.path = file, .environment = words.front(), .who = *who};
  if (file == "-") {
    auto text = read_standard_input();
    if (!text)
      return fail(std::move(text.error()));
    source.stdin_text = std::move(*text);
  }
  auto target = config::load_deploy_target(source);
  if (!target)
    return fail(std::move(target.error()));
  if (auto completed = complete(*target, file, *who); !completed)
    return fail(std::move(completed.error()));
  command.request = std::move(*request);
  command.target = std::move(*target);
  command.at_a_time = command.target.needs_tty ? 1 : static_cast<size_t>(at_a_time.value_or(1));
  return command;
}

/// With the path of the program in place of its name.
result<std::vector<std::string>> found(std::vector<std::string> argv, const config::caller& who) {
  auto path = os::find_program(argv.front(), who.search_path, who.cwd);
  if (!path)
    return fail(exit_code::other, fmt::format("there is no {} in PATH", argv.front()));
  argv.front() = std::move(*path);
  return argv;
}

result<std::vector<deploy_job>> make_jobs(const deploy_command& command) {
  std::vector<deploy_job> jobs;
  for (const auto& host : command.target.hosts) {
    const bool is_local = host == local_host;
    const script_manner manner{.mark = random_mark(), .has_tty = command.target.needs_tty && !is_local};
    const auto script = deploy_script(command.target, command.request, manner);
    auto argv =
        found(is_local ? local_shell()
                       : ssh_command(command.target, host, manner.has_tty ? script : "", command.at_a_time == 1),
              command.who);
    if (!argv)
      return fail(std::move(argv.error()));
    jobs.push_back({deploy_outcome{host, command.target}, std::move(*argv), manner.has_tty ? "" : script, manner.mark});
  }
  return jobs;
}

result<void> run_local_hook(const deploy_command& command, deploy_display& display) {
  if (command.target.pre_deploy_local.empty() || !is_deploying(command.request.action))
    return {};
  const script_manner manner{.mark = random_mark()};
  auto argv = found(local_shell(), command.who);
  if (!argv)
    return fail(std::move(argv.error()));
  deploy_job job{deploy_outcome{std::string{local_host}, command.target}, std::move(*argv),
                 local_command_script(local_hook, command.target.pre_deploy_local, manner), manner.mark};
  auto results = deploy_crew{display, 1, deploy_crew::output_use::show, {}}.run({std::move(job)});
  if (results.front().fate != deploy_fate::done)
    return fail(std::move(results.front().failure));
  return {};
}

deploy_crew::output_use output_use_of(deploy_action action, bool as_json) {
  if (!is_asking(action))
    return deploy_crew::output_use::show;
  return action == deploy_action::execute && !as_json ? deploy_crew::output_use::pass_on
                                                      : deploy_crew::output_use::collect;
}

} // namespace

result<exit_code> run::deploy(invocation& call) {
  bool is_forced = false;
  std::optional<int64_t> at_a_time;
  call.flag("-F,--force", is_forced, "do not look whether everything is committed and pushed");
  call.option("--parallel", at_a_time, "so many hosts at a time; 1 by default");
  if (auto ended = call.parse())
    return *ended;
  console& out = call.out();
  if (call.targets().front() == "help")
    return out.data(deploy_help);
  if (at_a_time && *at_a_time == 0)
    return fail(exit_code::usage, "--parallel must be at least 1");
  auto command = read_command(call, at_a_time);
  if (!command)
    return fail(std::move(command.error()));
  const auto action = command->request.action;
  if (action == deploy_action::update && !is_forced)
    if (auto checked = check_local_repository(command->who); !checked)
      return fail(std::move(checked.error()));
  os::ignore_signals({SIGPIPE}); // of a program that ends before it has read its script
  auto jobs = make_jobs(*command);
  if (!jobs)
    return fail(std::move(jobs.error()));

  deploy_display display{out, is_asking(action), command->target.needs_tty && ::isatty(STDIN_FILENO) == 1};
  if (auto hooked = run_local_hook(*command, display); !hooked)
    return fail(std::move(hooked.error()));
  const bool has_many = jobs->size() > 1;
  const deploy_crew::listener listens{
      .output =
          [&](const std::string& host, const deploy_event& output, bool is_standard_error) {
            const char* ending = display.is_raw() && out.data_is_terminal() ? "\r\n" : "\n";
            const auto text = (has_many ? host + " | " : "") + output.text + (output.ends_line ? ending : "");
            if (is_standard_error)
              out.pass_on_error(text);
            else
              (void)out.data(text); // nobody is left to read it
          },
      .end = [&](const deploy_result& one) { say_end(action, command->target, one, display, out); },
  };
  auto results = deploy_crew{display, command->at_a_time, output_use_of(action, out.behaviour().json), listens}.run(
      std::move(*jobs));
  return conclude_deploy(action, command->target, results, display, out);
}

} // namespace procvisor::cli
