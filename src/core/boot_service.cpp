#include "core/boot_service.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/shell_quote.hpp"
#include "core/text.hpp"

namespace procvisor {

namespace {

constexpr std::string_view mark = "# Written by procvisor startup; procvisor unstartup removes it.\n";

struct init_word {
  std::string_view word;
  init_system init;
};
/// The first word of each is the one that is shown.
constexpr auto words = std::to_array<init_word>({
    {"systemd", init_system::systemd},
    {"arch", init_system::systemd},
    {"oracle", init_system::systemd},
    {"ubuntu", init_system::update_rc},
    {"upstart", init_system::update_rc},
    {"ubuntu12", init_system::update_rc},
    {"ubuntu14", init_system::update_rc},
    {"centos", init_system::chkconfig},
    {"systemv", init_system::chkconfig},
    {"amazon", init_system::chkconfig},
    {"centos6", init_system::chkconfig},
    {"gentoo", init_system::openrc},
    {"openrc", init_system::openrc},
});

/// What the keeper and the recorder may take when the last app has ended, and some more.
constexpr std::chrono::seconds beside_the_apps{15};
constexpr std::chrono::seconds default_timeout{90}; ///< systemd's own

int64_t timeout_with(std::chrono::milliseconds longest) {
  const auto all = std::chrono::ceil<std::chrono::seconds>(longest) + beside_the_apps;
  return std::max<std::chrono::seconds>(all, default_timeout).count();
}

/// One word of a unit file, whatever is in it: systemd.syntax(7). `specials` are doubled.
std::string unit_quoted(std::string_view text, std::string_view specials) {
  std::string word = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      word += '\\';
    word += c;
    if (specials.find(c) != std::string_view::npos)
      word += c;
  }
  return word += '"';
}

std::string unit_text(const boot_service& service) {
  const bool is_users = service.init == init_system::systemd_user;
  const std::string program = unit_quoted(service.program, "%"); // no variable is looked for in the path of a program
  std::string text{mark};
  text += fmt::format("[Unit]\nDescription=The programs that procvisor keeps running for {}\n", service.user);
  text += "Documentation=man:procvisor(1)\n";
  if (!is_users)
    text += "After=network.target remote-fs.target nss-user-lookup.target\n";
  if (service.waits_for_network)
    text += "Wants=network-online.target\nAfter=network-online.target\n";
  text += fmt::format("RequiresMountsFor={}\n\n[Service]\nType=notify\n", unit_quoted(service.home, "%"));
  if (!is_users)
    text += fmt::format("User={}\n", service.user);
  text += fmt::format("Environment={}\n", unit_quoted("PROCVISOR_HOME=" + service.home, "%"));
  text += fmt::format("ExecStart={} resurrect --boot\nExecReload={} reload all\n", program, program);
  text += fmt::format("TimeoutStartSec={}\n", timeout_with(service.longest_start));
  text += "# Only the keeper is told to end; it stops the apps, each by its own signals and in its own time.\n";
  text += fmt::format("KillMode=process\nTimeoutStopSec={}\n", timeout_with(service.longest_stop));
  text +=
      "# A keeper that was killed leaves a daemon and apps behind: the next start finds them and goes on with them.\n";
  text += "Restart=on-failure\nOOMPolicy=continue\nDelegate=yes\nTasksMax=infinity\n\n[Install]\n";
  text += fmt::format("WantedBy={}\n", is_users ? "default.target" : "multi-user.target");
  return text;
}

/// What both kinds of scripts have: who runs it where, and whether it runs.
std::string script_functions(const boot_service& service) {
  return fmt::format("program={}\nuser={}\nPROCVISOR_HOME={}\n", shell_quoted(service.program),
                     shell_quoted(service.user), shell_quoted(service.home))
         + R"sh(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PROCVISOR_HOME PATH

as_user() {
  if [ "$(id -un)" = "$user" ]; then
    "$program" "$@"
  else
    # shellcheck disable=SC2016 # the inner shell expands that
    su -s /bin/sh -c 'exec "$0" "$@"' -- "$user" "$program" "$@"
  fi
}

is_running() {
  pid=$(cat "$PROCVISOR_HOME/procvisor.pid" 2>/dev/null) || return 1
  [ "$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")" = 'procvisor keeper ' ]
}
)sh";
}

constexpr std::string_view init_script_actions = R"sh(
# What could not be started has been said; the service is up when its daemon is.
start() {
  as_user resurrect --boot
  is_running || return 1
  [ ! -d /var/lock/subsys ] || : >"/var/lock/subsys/$name"
}

stop() {
  as_user kill && rm -f "/var/lock/subsys/$name"
}

case "$1" in
  start) start ;;
  stop) stop ;;
  restart | force-reload) stop && start ;;
  reload)
    is_running || exit 7
    as_user reload all
    ;;
  status)
    if is_running; then
      echo "$name is running (pid $pid)"
    else
      echo "$name is not running"
      exit 3
    fi
    ;;
  *)
    echo "usage: $0 start|stop|restart|force-reload|reload|status" >&2
    exit 2
    ;;
esac
)sh";

std::string init_script(const boot_service& service) {
  std::string text = fmt::format("#!/bin/sh\n{}", mark);
  text += fmt::format("### BEGIN INIT INFO\n# Provides:          {}\n", service.name);
  text += R"sh(# Required-Start:    $local_fs $remote_fs $network
# Required-Stop:     $local_fs $remote_fs $network
# Should-Start:      $named $syslog $time
# Should-Stop:       $named $syslog
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
)sh";
  text += fmt::format("# Short-Description: The programs that procvisor keeps running for {}\n", service.user);
  text += "### END INIT INFO\n# chkconfig: 2345 85 15\n";
  text += fmt::format("# description: The programs that procvisor keeps running for {}\n\n", service.user);
  text += fmt::format("name={}\n", shell_quoted(service.name));
  return text + script_functions(service) + std::string{init_script_actions};
}

constexpr std::string_view openrc_actions = R"sh(
depend() {
  need localmount
  use net dns logger netmount
}

# What could not be started has been said; the service is up when its daemon is.
start() {
  ebegin "Starting $RC_SVCNAME"
  as_user resurrect --boot
  is_running
  eend $?
}

stop() {
  ebegin "Stopping $RC_SVCNAME"
  as_user kill
  eend $?
}

reload() {
  ebegin "Reloading $RC_SVCNAME"
  as_user reload all
  eend $?
}

status() {
  if is_running; then
    einfo "status: started"
    return 0
  fi
  einfo "status: stopped"
  return 3
}
)sh";

std::string openrc_script(const boot_service& service) {
  std::string text = fmt::format("#!/sbin/openrc-run\n{}", mark);
  text += "# shellcheck shell=sh disable=SC2034 # openrc-run reads what seems unused\n\n";
  text += fmt::format("description={}\n",
                      shell_quoted(fmt::format("The programs that procvisor keeps running for {}", service.user)));
  text += "extra_started_commands='reload'\ndescription_reload='Replaces all processes, one by one'\n\n";
  return text + script_functions(service) + std::string{openrc_actions};
}

bool is_service_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
         || std::string_view{"_.-"}.find(c) != std::string_view::npos;
}

bool is_user_character(char c) {
  return is_service_character(c) || c == '@' || c == '$';
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

} // namespace

std::string_view to_string(init_system init) noexcept {
  if (init == init_system::systemd_user)
    return "systemd";
  return std::ranges::find(words, init, &init_word::init)->word;
}

std::optional<init_system> parse_init_system(std::string_view word) noexcept {
  const auto* found = std::ranges::find(words, word, &init_word::word);
  return found == words.end() ? std::nullopt : std::optional{found->init};
}

result<void> check(const boot_service& service) {
  constexpr size_t longest_name = 100;
  const std::string& name = service.name;
  if (name.empty() || name.size() > longest_name || name[0] == '-' || name[0] == '.'
      || !std::ranges::all_of(name, is_service_character))
    return fail(exit_code::usage, fmt::format("{} is no name of a service", in_quotes(name)),
                "--service-name: letters, digits and _ . -");
  if (!std::ranges::all_of(service.user, is_user_character))
    return fail(exit_code::usage,
                fmt::format("{} is no name of a user that an init system would take", in_quotes(service.user)));
  for (const std::string* text : {&service.program, &service.home, &service.user_units})
    if (has_control_character(*text))
      return fail(exit_code::usage, fmt::format("{} has a control character in it", in_quotes(*text)));
  const bool is_unit = service.init == init_system::systemd || service.init == init_system::systemd_user;
  if (is_unit && service.program.find_first_of("\"'\\") != std::string::npos)
    return fail(exit_code::usage,
                fmt::format("systemd executes no program with quotes or a backslash in its path: {}",
                            printable(service.program)),
                "install procvisor in /usr/local/bin");
  return {};
}

std::string service_path(const boot_service& service) {
  switch (service.init) {
    case init_system::systemd:
      return fmt::format("/etc/systemd/system/{}.service", service.name);
    case init_system::systemd_user:
      return fmt::format("{}/{}.service", service.user_units, service.name);
    case init_system::update_rc:
    case init_system::chkconfig:
    case init_system::openrc:
      return fmt::format("/etc/init.d/{}", service.name);
  }
  return {};
}

std::string service_text(const boot_service& service) {
  switch (service.init) {
    case init_system::systemd:
    case init_system::systemd_user:
      return unit_text(service);
    case init_system::update_rc:
    case init_system::chkconfig:
      return init_script(service);
    case init_system::openrc:
      return openrc_script(service);
  }
  return {};
}

unsigned service_mode(const boot_service& service) {
  return service.init == init_system::systemd || service.init == init_system::systemd_user ? 0644 : 0755;
}

std::vector<command_words> commands_to_enable(const boot_service& service) {
  const std::string& name = service.name;
  switch (service.init) {
    case init_system::systemd:
      return {{"systemctl", "enable", name + ".service"}}; // which makes systemd read its files anew
    case init_system::systemd_user:
      return {{"systemctl", "--user", "enable", name + ".service"}, {"loginctl", "enable-linger", service.user}};
    case init_system::update_rc:
      return {{"update-rc.d", name, "defaults"}};
    case init_system::chkconfig:
      return {{"chkconfig", "--add", name}, {"chkconfig", name, "on"}};
    case init_system::openrc:
      return {{"rc-update", "add", name, "default"}};
  }
  return {};
}

std::vector<command_words> commands_before_removal(const boot_service& service) {
  const std::string& name = service.name;
  switch (service.init) {
    case init_system::systemd:
      return {{"systemctl", "disable", name + ".service"}};
    case init_system::systemd_user: // others may want the user to linger
      return {{"systemctl", "--user", "disable", name + ".service"}};
    case init_system::update_rc:
      return {};
    case init_system::chkconfig:
      return {{"chkconfig", "--del", name}};
    case init_system::openrc:
      return {{"rc-update", "del", name, "default"}};
  }
  return {};
}

std::vector<command_words> commands_after_removal(const boot_service& service) {
  if (service.init == init_system::update_rc) // it removes the links of a script that is gone
    return {{"update-rc.d", service.name, "remove"}};
  return {};
}

bool is_boot_service(std::string_view text) {
  return text.find(mark) != std::string_view::npos;
}

std::chrono::milliseconds time_to_stop(const app_spec& spec) {
  std::chrono::milliseconds all{0};
  for (const stop_stage& stage : spec.kill_signal)
    all += stage.patience.value_or(spec.kill_timeout);
  return all;
}

} // namespace procvisor
