#include "cli/boot_setup.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "cli/caller.hpp"
#include "cli/saved_list.hpp"
#include "core/shell_quote.hpp"
#include "core/text.hpp"
#include "os/find_program.hpp"
#include "os/home.hpp"
#include "os/run_program.hpp"
#include "os/users.hpp"

namespace procvisor::cli {

namespace {

/// Where the tools of an administrator are, which a user's PATH may leave out.
constexpr std::string_view administrators_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::optional<std::string> find_tool(std::string_view name) {
  const std::string own = variable("PATH");
  auto found = own.empty() ? std::nullopt : os::find_program(name, own, "/");
  return found ? found : os::find_program(name, administrators_path, "/");
}

/// systemd where it runs (sd_booted(3)), else by the tool that there is.
std::optional<init_system> detect_init() {
  if (os::is_directory("/run/systemd/system"))
    return init_system::systemd;
  constexpr std::pair<const char*, init_system> tools[] = {
      {"update-rc.d", init_system::update_rc},
      {"chkconfig", init_system::chkconfig},
      {"rc-update", init_system::openrc},
      {"systemctl", init_system::systemd},
  };
  for (const auto& [tool, init] : tools)
    if (find_tool(tool))
      return init;
  return std::nullopt;
}

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0
         || std::string_view{"_-./:=@%+,"}.find(c) != std::string_view::npos;
}

std::string user_units_folder(const std::string& home) {
  const std::string config = variable("XDG_CONFIG_HOME");
  return (config.empty() ? home + "/.config" : config) + "/systemd/user";
}

/// The longest start and stop of what will be taken up at boot; nothing saved, or nothing that can be read, is nothing.
void measure_apps(const os::home& place, boot_service& service) {
  const auto list = read_saved_list(place);
  if (!list)
    return;
  for (const auto& [id, process] : list->state.processes) {
    service.longest_stop = std::max(service.longest_stop, time_to_stop(*process.spec));
    service.longest_start = std::max(service.longest_start, process.spec->listen_timeout);
  }
}

} // namespace

void boot_setup::declare_options() {
  call_.option("-u", user_, "whose apps these are; the caller's without it");
  call_.optional_value("--user", user_flag_,
                       "a unit of the user's own systemd, which needs no root; with a name: as -u");
  call_.option("--hp", user_home_, "the folder that .procvisor is in; the user's home without it");
  call_.option("--service-name", service_name_, "the name of the service; procvisor-USER without it");
  call_.flag("--wait-ip,--wait_ip", waits_for_network_, "start when the network is up, not as soon as it is set up");
  call_.flag("--dry-run,--dry_run", is_dry_run_, "show what would be done, and do nothing");
  call_.flag("-f,--force", is_forced_, "also where the file that is there is not procvisor's");
}

void boot_setup::sort_out_user_flag() {
  if (user_flag_ && call_.targets().empty() && parse_init_system(*user_flag_))
    init_word_ = std::exchange(*user_flag_, {}); // `--user systemd`
  else if (!call_.targets().empty())
    init_word_ = call_.targets().front();
}

result<init_system> boot_setup::wanted_init() const {
  if (!init_word_.empty()) {
    if (const auto known = parse_init_system(init_word_))
      return *known;
    return fail(exit_code::usage, fmt::format("there is no init system {}", in_quotes(init_word_)),
                fmt::format("it is one of {}; without one, procvisor looks which one is here", init_system_words));
  }
  if (const auto found = detect_init())
    return *found;
  return fail(exit_code::usage, "no init system was found here", fmt::format("name it: {}", init_system_words));
}

result<boot_service> boot_setup::service() {
  sort_out_user_flag();
  boot_service wanted;
  const auto init = wanted_init();
  if (!init)
    return fail(error{init.error()});
  wanted.init = *init;
  const bool is_users_own = user_flag_ && user_flag_->empty();
  const std::string& named = user_flag_ && !is_users_own ? *user_flag_ : user_;
  const auto user = named.empty() ? os::find_user(::geteuid()) : os::find_user(named);
  if (!user)
    return fail(exit_code::usage, named.empty() ? fmt::format("user {} has no name", ::geteuid())
                                                : fmt::format("there is no user {}", in_quotes(named)));
  wanted.user = user->name;
  wanted.name = service_name_.empty() ? "procvisor-" + user->name : service_name_;

  wanted.waits_for_network = waits_for_network_;
  if (is_users_own) {
    if (waits_for_network_)
      return fail(exit_code::usage, "--wait-ip is for the system's manager: a user's own one knows no network");
    if (wanted.init != init_system::systemd)
      return fail(exit_code::usage, "--user is for systemd, which has a manager for each user");
    if (user->uid != ::geteuid())
      return fail(exit_code::usage, fmt::format("--user sets up the own manager of who calls, not of {}", user->name),
                  fmt::format("as {}: procvisor startup --user", user->name));
    wanted.init = init_system::systemd_user;
    wanted.user_units = user_units_folder(user->home);
  }

  const std::string home = variable(os::home_variable);
  const auto place = os::home_at(!user_home_.empty() ? user_home_ + "/.procvisor"
                                 : !home.empty()     ? home
                                                     : user->home + "/.procvisor");
  if (!place)
    return fail(error{place.error()});
  wanted.home = place->path;
  const auto who = find_caller();
  if (!who)
    return fail(error{who.error()});
  wanted.program = who->program;
  if (auto checked = check(wanted); !checked)
    return fail(std::move(checked.error()));
  measure_apps(*place, wanted);
  return wanted;
}

std::optional<std::string> boot_setup::line_for_root(std::string_view verb, const boot_service& service) const {
  if (::geteuid() == 0 || service.init == init_system::systemd_user)
    return std::nullopt;
  command_words words{"sudo",
                      "env",
                      fmt::format("{}={}", os::home_variable, service.home),
                      service.program,
                      std::string{verb},
                      std::string{to_string(service.init)},
                      "-u",
                      service.user};
  if (!service_name_.empty())
    words.insert(words.end(), {"--service-name", service_name_});
  if (waits_for_network_)
    words.emplace_back("--wait-ip");
  if (is_forced_)
    words.emplace_back("--force");
  return shell_line(words);
}

result<void> boot_setup::run_all(const std::vector<command_words>& commands) const {
  constexpr size_t most_output = 16 * 1024;
  for (command_words words : commands) {
    const std::string line = shell_line(words);
    call_.out().talk("$ " + line);
    if (auto path = find_tool(words.front()))
      words.front() = std::move(*path);
    else
      return fail(exit_code::other, fmt::format("there is no program {} here", in_quotes(words.front())),
                  "what was written stays as it is");
    const auto ended = os::run_program(words, most_output);
    if (!ended)
      return fail(exit_code::other, fmt::format("{} failed: {}", line, std::strerror(ended.error())));
    if (!ended->talk.empty())
      call_.out().show(ended->talk.back() == '\n' ? ended->talk : ended->talk + "\n");
    if (ended->wait_status != 0)
      return fail(exit_code::other,
                  WIFEXITED(ended->wait_status)
                      ? fmt::format("{} has exited with {}", line, WEXITSTATUS(ended->wait_status))
                      : fmt::format("{} was ended by signal {}", line, WTERMSIG(ended->wait_status)),
                  "what comes before it is done; repeat the command when it can succeed");
  }
  return {};
}

std::string shell_line(const command_words& words) {
  std::string line;
  for (const std::string& word : words) {
    line += line.empty() ? "" : " ";
    line += !word.empty() && std::ranges::all_of(word, is_plain) ? word : shell_quoted(word);
  }
  return line;
}

} // namespace procvisor::cli
