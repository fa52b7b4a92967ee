#include <doctest/doctest.h>

#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <initializer_list>
#include <string>

#include <fmt/format.h>

#include "core/boot_service.hpp"
#include "core/shell_quote.hpp"
#include "os/find_program.hpp"
#include "os/run_program.hpp"
#include "temp_folder.hpp"

using namespace procvisor;
using namespace std::chrono_literals;

namespace {

boot_service service_of(init_system init) {
  return {.init = init,
          .name = "procvisor-www",
          .user = "www",
          .program = "/usr/bin/procvisor",
          .home = "/home/www/.procvisor",
          .user_units = "/home/www/.config/systemd/user",
          .longest_start = 3s,
          .longest_stop = 1600ms};
}

constexpr init_system all_systems[] = {init_system::systemd, init_system::systemd_user, init_system::update_rc,
                                       init_system::chkconfig, init_system::openrc};

/// What a checker says of a file; empty: nothing. False: there is no such program here.
bool check_by(std::vector<std::string> words, std::string& complaints) {
  const auto program = os::find_program(words.front(), "/usr/local/bin:/usr/bin:/bin", "/");
  if (!program) {
    MESSAGE("left out: there is no ", words.front());
    return false;
  }
  words.front() = *program;
  const auto ended = os::run_program(words, 1 << 20);
  REQUIRE(ended);
  complaints = ended->wait_status == 0 ? ended->talk : ended->talk + fmt::format("status {}", ended->wait_status);
  return true;
}

} // namespace

TEST_CASE("boot_service: the unit of a user, word for word") {
  CHECK(service_path(service_of(init_system::systemd)) == "/etc/systemd/system/procvisor-www.service");
  CHECK(service_text(service_of(init_system::systemd)) ==
        R"(# Written by procvisor startup; procvisor unstartup removes it.
[Unit]
Description=The programs that procvisor keeps running for www
Documentation=man:procvisor(1)
After=network.target remote-fs.target nss-user-lookup.target
RequiresMountsFor="/home/www/.procvisor"

[Service]
Type=notify
User=www
Environment="PROCVISOR_HOME=/home/www/.procvisor"
ExecStart="/usr/bin/procvisor" resurrect --boot
ExecReload="/usr/bin/procvisor" reload all
TimeoutStartSec=90
# Only the keeper is told to end; it stops the apps, each by its own signals and in its own time.
KillMode=process
TimeoutStopSec=90
# A keeper that was killed leaves a daemon and apps behind: the next start finds them and goes on with them.
Restart=on-failure
OOMPolicy=continue
Delegate=yes
TasksMax=infinity

[Install]
WantedBy=multi-user.target
)");
}

TEST_CASE("boot_service: a unit of the user's own manager has no user, and belongs to its default target") {
  const auto service = service_of(init_system::systemd_user);
  const auto text = service_text(service);
  CHECK(service_path(service) == "/home/www/.config/systemd/user/procvisor-www.service");
  CHECK(text.find("User=") == std::string::npos);
  CHECK(text.find("After=") == std::string::npos);
  CHECK(text.find("WantedBy=default.target\n") != std::string::npos);
  CHECK(commands_to_enable(service).back() == command_words{"loginctl", "enable-linger", "www"});
}

TEST_CASE("boot_service: systemd waits as long as the slowest app may take, and never less than it does by itself") {
  struct row {
    std::chrono::milliseconds longest;
    const char* seconds;
  };
  for (const auto& [longest, seconds] :
       std::initializer_list<row>{{0ms, "=90\n"}, {75s, "=90\n"}, {75'001ms, "=91\n"}, {10min, "=615\n"}}) {
    auto service = service_of(init_system::systemd);
    service.longest_stop = longest;
    CHECK(service_text(service).find(std::string{"TimeoutStopSec"} + seconds) != std::string::npos);
    service.longest_start = longest;
    CHECK(service_text(service).find(std::string{"TimeoutStartSec"} + seconds) != std::string::npos);
  }
  app_spec spec;
  CHECK(time_to_stop(spec) == 1600ms);
  spec.kill_signal = {{SIGINT, 10s}, {SIGTERM}, {SIGQUIT, 1s}};
  CHECK(time_to_stop(spec) == 12'600ms);
}

TEST_CASE("boot_service: the init system by its name, and by PM2's names") {
  struct row {
    const char* word;
    std::optional<init_system> init;
  };
  for (const auto& [word, init] : std::initializer_list<row>{{"systemd", init_system::systemd},
                                                             {"arch", init_system::systemd},
                                                             {"ubuntu", init_system::update_rc},
                                                             {"centos", init_system::chkconfig},
                                                             {"gentoo", init_system::openrc},
                                                             {"openrc", init_system::openrc},
                                                             {"launchd", std::nullopt},
                                                             {"", std::nullopt}}) {
    CAPTURE(word);
    CHECK(parse_init_system(word) == init);
  }
  for (const auto init : {init_system::systemd, init_system::update_rc, init_system::chkconfig, init_system::openrc})
    CHECK(parse_init_system(to_string(init)) == init);
}

TEST_CASE("boot_service: each is enabled and removed by the tools of its system") {
  using lines = std::vector<command_words>;
  const auto ubuntu = service_of(init_system::update_rc);
  CHECK(commands_to_enable(ubuntu) == lines{{"update-rc.d", "procvisor-www", "defaults"}});
  CHECK(commands_before_removal(ubuntu).empty());
  CHECK(commands_after_removal(ubuntu) == lines{{"update-rc.d", "procvisor-www", "remove"}});
  const auto centos = service_of(init_system::chkconfig);
  CHECK(commands_to_enable(centos)
        == lines{{"chkconfig", "--add", "procvisor-www"}, {"chkconfig", "procvisor-www", "on"}});
  CHECK(commands_before_removal(centos) == lines{{"chkconfig", "--del", "procvisor-www"}});
  const auto gentoo = service_of(init_system::openrc);
  CHECK(commands_to_enable(gentoo) == lines{{"rc-update", "add", "procvisor-www", "default"}});
  CHECK(commands_before_removal(gentoo) == lines{{"rc-update", "del", "procvisor-www", "default"}});
  CHECK(commands_to_enable(service_of(init_system::systemd))
        == lines{{"systemctl", "enable", "procvisor-www.service"}});
  for (const auto init : all_systems) {
    CHECK(is_boot_service(service_text(service_of(init))));
    CHECK(service_mode(service_of(init))
          == (init == init_system::systemd || init == init_system::systemd_user ? 0644 : 0755));
  }
  CHECK_FALSE(is_boot_service("[Unit]\nDescription=of somebody else\n"));
}

TEST_CASE("boot_service: what no file can carry is refused") {
  const auto is_refused = [](auto change) {
    auto service = service_of(init_system::systemd);
    change(service);
    return !check(service);
  };
  CHECK_FALSE(is_refused([](boot_service&) {}));
  CHECK(is_refused([](boot_service& one) { one.name = ""; }));
  CHECK(is_refused([](boot_service& one) { one.name = "../evil"; }));
  CHECK(is_refused([](boot_service& one) { one.name = "-x"; }));
  CHECK(is_refused([](boot_service& one) { one.name = "a b"; }));
  CHECK(is_refused([](boot_service& one) { one.user = "www\nExecStart=/evil"; }));
  CHECK(is_refused([](boot_service& one) { one.user = "%n"; }));
  CHECK(is_refused([](boot_service& one) { one.home = "/home/\nx"; }));
  CHECK(is_refused([](boot_service& one) { one.program = "/bin/\x01"; }));
  CHECK(is_refused([](boot_service& one) { one.program = "/it's/procvisor"; }));
  CHECK_FALSE(is_refused([](boot_service& one) {
    one.init = init_system::update_rc;
    one.program = "/it's/procvisor";
  }));
}

TEST_CASE("boot_service: systemd-analyze and shellcheck find nothing to complain of") {
  const temp_folder here;
  for (const bool is_odd : {false, true}) {
    CAPTURE(is_odd);
    for (const auto init : all_systems) {
      auto service = service_of(init);
      service.user = "root";
      service.program = is_odd ? here / "a %h $x b" : here / "procvisor";
      service.home = is_odd ? "/tmp/a %h $x \"b\" 'd'" : "/root/.procvisor";
      here.write(service.program.substr(here.path().size() + 1), "#!/bin/sh\n", 0755);
      const bool is_unit = service_mode(service) == 0644;
      const auto file =
          here.write(is_unit ? "procvisor-www.service" : "procvisor-www", service_text(service), service_mode(service));
      std::string complaints;
      if (!is_unit && is_odd)
        continue; // shellcheck has opinions on paths like these; a test of the program runs such a script
      if (is_unit ? check_by({"systemd-analyze", "verify", "--man=no", file}, complaints)
                  : check_by({"shellcheck", file}, complaints))
        CHECK_MESSAGE(complaints.empty(), complaints);
    }
  }
}

TEST_CASE("shell_quote: a shell gives back every byte of it, and does nothing") {
  for (const std::string text : {"", "word", "a b", "'", "''", "a'b", "$(touch /tmp/x)", "`id`", "a\nb", "-n", "\\",
                                 "*", "~", "; exit 1", "\"", "#", "!x", "\xff\x01"}) {
    CAPTURE(text);
    const auto said = os::run_program({"/bin/sh", "-c", fmt::format("printf %s {} >&3", shell_quoted(text))}, 1 << 16);
    REQUIRE(said);
    CHECK(said->wait_status == 0);
    CHECK(said->result == text);
  }
}
