#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/caller.hpp"
#include "cli/daemon.hpp"
#include "cli/file_targets.hpp"
#include "cli/invocation.hpp"
#include "cli/launch.hpp"
#include "cli/runtime_home.hpp"
#include "cli/settings_file.hpp"
#include "cli/show_list.hpp"
#include "cli/stream_relay.hpp"
#include "core/runtime_exit.hpp"
#include "core/text.hpp"
#include "keeper/connect.hpp"
#include "keeper/keeper.hpp"
#include "os/pidfd.hpp"
#include "os/signals.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

/// All that can be waited for: those by which this process would stop or fail at once are left to the kernel.
sigset_t signals_to_take() {
  sigset_t set;
  sigfillset(&set);
  for (const int left : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPIPE, SIGTSTP,
                         SIGTTIN, SIGTTOU})
    sigdelset(&set, left);
  return set;
}

bool asks_to_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

/// Parents leave their children to this process where it is pid 1; the keeper is one of them.
void reap_children() {
  while (::waitpid(-1, nullptr, WNOHANG | __WALL) > 0)
    continue;
}

/// The output of apps that name no files goes to this process's; what they name, they get as well.
void send_output_to(app_spec& spec, const std::string& out, const std::string& err) {
  const bool has_files = !spec.out_file.empty() || !spec.error_file.empty() || spec.log_file.wanted;
  for (std::string* file : {&spec.out_file, &spec.error_file})
    if (file->empty())
      *file = has_files ? "/dev/null" : file == &spec.out_file ? out : err;
  if (has_files && !spec.log_file.wanted)
    spec.log_file = {true, out};
  if (spec.pid_file.empty())
    spec.pid_file = "/dev/null";
}

std::vector<runtime_process> processes_of(rpc::client& daemon) {
  std::vector<runtime_process> all;
  const auto list = fetch_list(daemon, false);
  if (list)
    for (const rpc::process_row& row : list->processes)
      all.push_back({row.id, row.name, row.status, row.exit_code, row.exit_signal, row.reason.empty()});
  return all;
}

/// From the start of the apps to their end.
class runtime_session {
public:
  runtime_session(const console& out, rpc::client daemon, exit_rule rule)
    : out_(out), daemon_(std::move(daemon)), exit_(std::move(rule)) {}

  stream_relay& output() { return relays_[0]; }
  stream_relay& errors() { return relays_[1]; }
  rpc::client& daemon() { return daemon_; }

  /// Hears of every signal from now on.
  result<void> take_signals() {
    const sigset_t set = signals_to_take();
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_ || !output().is_open() || !errors().is_open())
      return fail(exit_code::other, fmt::format("making descriptors failed: {}", std::strerror(errno)));
    return {};
  }

  /// Returns when the daemon's journal is followed: nothing that happens from now on is missed.
  result<void> follow_journal() {
    keeper_ = keeper::keeper_pidfd(daemon_.socket());
    auto stream = find_daemon();
    if (!stream || !*stream)
      return fail(stream ? error{exit_code::unreachable, "the daemon has ended", {}} : std::move(stream.error()));
    journal_ = std::move(**stream);
    const nlohmann::json params{{"targets", nlohmann::json::array()},
                                {"lines", 0},
                                {"follow", true},
                                {"out", false},
                                {"err", false},
                                {"journal", true}};
    auto sent = journal_->send(rpc::method::logs, params, rpc::prompt);
    while (sent) {
      auto text = journal_->receive(rpc::prompt);
      if (!text)
        return fail(std::move(text.error()));
      const auto message = nlohmann::json::parse(*text, nullptr, false);
      if (!message.is_object() || !message.contains("method"))
        return fail(exit_code::other, "the daemon's answer makes no sense");
      if (message.at("method") == "live")
        return {};
    }
    return sent;
  }

  /// Until everything has ended. The exit code of this process.
  int run() {
    look();
    while (keeper_) {
      std::array<pollfd, 5> ready{pollfd{signals_.get(), POLLIN, 0}, pollfd{keeper_.get(), POLLIN, 0},
                                  pollfd{journal_ ? journal_->socket() : -1, POLLIN, 0}, output().wanted(),
                                  errors().wanted()};
      const int count = ::poll(ready.data(), ready.size(), is_ending_ ? stream_relay::patience_ms : -1);
      if (count == 0)
        for (stream_relay& relay : relays_)
          relay.drop_if_stuck();
      if (count <= 0)
        continue;
      output().on(ready[3]);
      errors().on(ready[4]);
      if (ready[0].revents != 0)
        on_signals();
      if (ready[2].revents != 0)
        on_journal();
      if (ready[1].revents != 0)
        on_keeper_end();
    }
    for (stream_relay& relay : relays_)
      relay.finish();
    reap_children();
    return code_;
  }

  void end_all() {
    is_ending_ = true;
    os::send_signal(keeper_, SIGTERM);
  }
  void end_with(int code) {
    code_ = code;
    end_all();
  }

private:
  void on_signals() {
    while (const auto signal = os::next_signal(signals_.get())) {
      if (*signal == SIGCHLD)
        reap_children();
      else if (asks_to_end(*signal))
        end_all(); // a second one ends the keeper's patience
      else if (!is_ending_)
        pass_on(*signal);
    }
  }

  void pass_on(int signal) {
    const auto passed = daemon_.call(rpc::method::signal, {{"targets", {"all"}}, {"signal", signal}}, rpc::prompt);
    if (!passed)
      out_.warn(fmt::format("passing on signal {} failed: {}", signal, passed.error().what));
  }

  void on_journal() {
    do {
      const auto text = journal_->receive(rpc::prompt);
      if (!text) {
        journal_.reset();
        return go_on();
      }
      const auto message = nlohmann::json::parse(*text, nullptr, false);
      if (message.is_object() && message.contains("params") && !out_.behaviour().silent)
        errors().add(fmt::format("[procvisor] {}\n", message["params"].value("line", "")));
    } while (journal_->has_message());
    look();
  }

  /// Whether that was the end.
  void look() {
    if (is_ending_)
      return;
    const auto all = processes_of(daemon_);
    if (all.empty())
      return; // deleted by somebody, who may start others; or it did not answer
    if (const auto code = exit_.after(all))
      end_with(*code);
  }

  void on_keeper_end() {
    keeper_.reset();
    reap_children();
    if (!is_ending_)
      go_on();
  }

  /// With whoever has taken the place of a daemon, a recorder or a keeper that was killed.
  void go_on() {
    if (is_ending_)
      return;
    auto next = find_daemon();
    if (!next || !*next)
      return;
    daemon_ = std::move(**next);
    if (follow_journal())
      look();
  }

  const console& out_;
  rpc::client daemon_;
  std::optional<rpc::client> journal_;
  std::array<stream_relay, 2> relays_{stream_relay{STDOUT_FILENO}, stream_relay{STDERR_FILENO}};
  os::unique_fd keeper_;
  os::unique_fd signals_;
  runtime_exit exit_;
  bool is_ending_ = false;
  int code_ = 0;
};

result<config::loaded> read_apps(invocation& call, const file_choice& choice) {
  auto options = call.spec_options();
  auto who = find_caller();
  if (!who)
    return fail(std::move(who.error()));
  auto defaults = default_options(call.out());
  if (!defaults)
    return fail(std::move(defaults.error()));
  who->defaults = std::move(*defaults);
  const auto typed = targets_behind_watch(call.targets(), options);
  auto targets = targets_or_default_file(typed, *who);
  if (!targets)
    return fail(std::move(targets.error()));
  if (auto checked = check_choice(choice, *targets); !checked)
    return fail(std::move(checked.error()));
  return load_target(targets->front(), choice,
                     {std::move(options), call.app_args(), call.has_app_args(), std::move(*who)});
}

result<rpc::client> start_own_daemon() {
  auto running = find_daemon();
  if (!running)
    return fail(std::move(running.error()));
  if (*running)
    return fail(exit_code::other, "a daemon runs already for this home",
                "procvisor start uses it; set PROCVISOR_HOME to another folder");
  ::setenv(keeper::traceless_variable, "1", 1);
  auto daemon = start_daemon();
  ::unsetenv(keeper::traceless_variable);
  return daemon;
}

} // namespace

result<exit_code> run::runtime(invocation& call) {
  file_choice choice;
  std::string ends_on = "all";
  bool is_raw = false;
  bool as_fields = false;
  call.declare_spec_options();
  call.option("--env", choice.env_name, "use env_NAME of a file");
  call.option("--only", choice.only, "only these apps of a file, separated by commas");
  call.option("--exit-on,--exit_on", ends_on, "end with the last process (all), the first one (any), or an app's");
  call.flag("--raw", is_raw, "lines as they are; those of stderr go to stderr (this is so without an option)");
  call.flag("--format", as_fields, "timestamp=... app=... id=... type=... message=...");
  if (auto ended = call.parse())
    return *ended;
  auto home = runtime_home::choose();
  if (!home)
    return fail(std::move(home.error()));
  auto loaded = read_apps(call, choice);
  if (!loaded)
    return fail(std::move(loaded.error()));
  for (const std::string& warning : loaded->warnings)
    call.out().warn(warning);
  const exit_rule rule = parse_exit_rule(ends_on);
  if (rule.on == exit_rule::kind::named
      && std::ranges::none_of(loaded->apps, [&](const app_spec& one) { return one.name == rule.name; }))
    return fail(exit_code::usage, fmt::format("--exit-on: there is no app {}", in_quotes(rule.name)));

  auto daemon = start_own_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  runtime_session session{call.out(), std::move(*daemon), rule};
  if (auto ready = session.take_signals().and_then([&] { return session.follow_journal(); }); !ready)
    return fail(std::move(ready.error()));
  const bool as_json = call.out().behaviour().json;
  const std::string out = session.output().path();
  const std::string err = as_json || as_fields ? out : session.errors().path();
  if (as_fields)
    session.output().show_fields();
  for (app_spec& spec : loaded->apps) {
    send_output_to(spec, out, err);
    if (as_json || as_fields || is_raw)
      spec.log_type = as_json || as_fields ? log_kind::json : log_kind::raw;
  }
  outcome reached;
  if (!launch(session.daemon(), "runtime", *loaded, inherited_environment(), refuse_running, {.waits = false},
              reached)) {
    for (const error& e : failures_of(reached))
      call.out().report(e);
    session.end_with(static_cast<int>(exit_code_of(reached)));
  }
  return static_cast<exit_code>(session.run()); // any number: it is an app's
}

} // namespace procvisor::cli
