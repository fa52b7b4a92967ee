#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/app_spec.hpp"
#include "core/result.hpp"

/// What an init system is given so that a home's apps come back at boot: the text of one file, and the commands that make
/// it count. Nothing is written or run here.
namespace procvisor {

enum class init_system : uint8_t {
  systemd,
  systemd_user, ///< the user's own manager; its files need no root
  update_rc,    ///< SysV scripts, as Debian and Ubuntu enable them
  chkconfig,    ///< SysV scripts, as CentOS enables them
  openrc,
};

/// "systemd", "ubuntu", "centos", "gentoo": the words of `procvisor startup`.
std::string_view to_string(init_system init) noexcept;

/// One of these words, or PM2's others for the same. nullopt: neither.
std::optional<init_system> parse_init_system(std::string_view word) noexcept;

/// The words, for a message.
inline constexpr std::string_view init_system_words = "systemd, ubuntu, centos, gentoo";

struct boot_service {
  init_system init = init_system::systemd;
  std::string name;                           ///< "procvisor-www": of the service and its file
  std::string user;                           ///< whose apps these are
  std::string program;                        ///< absolute path of procvisor
  std::string home;                           ///< PROCVISOR_HOME
  bool waits_for_network = false;             ///< until it is up, not only set up; scripts do so in any case
  std::string user_units;                     ///< folder of the user's own units; for systemd_user alone
  std::chrono::milliseconds longest_start{0}; ///< of one app
  std::chrono::milliseconds longest_stop{0};  ///< the same
};

/// What cannot stand in such a file: control characters, a name that is none for a service.
result<void> check(const boot_service& service);

std::string service_path(const boot_service& service);
std::string service_text(const boot_service& service);
unsigned service_mode(const boot_service& service);

using command_words = std::vector<std::string>;

/// Once the file is there.
std::vector<command_words> commands_to_enable(const boot_service& service);

/// While the file is still there, and once it is not.
std::vector<command_words> commands_before_removal(const boot_service& service);
std::vector<command_words> commands_after_removal(const boot_service& service);

/// Whether `startup` has written a file with this text.
bool is_boot_service(std::string_view text);

/// From the first stop signal to SIGKILL.
std::chrono::milliseconds time_to_stop(const app_spec& spec);

} // namespace procvisor
