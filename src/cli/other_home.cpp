#include "cli/other_home.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/text.hpp"
#include "core/units.hpp"
#include "keeper/connect.hpp"
#include "os/users.hpp"

namespace procvisor::cli {

namespace {

/// Who has typed sudo. nullopt: nobody has, or root.
std::optional<os::user_entry> find_sudo_user() {
  const char* uid = std::getenv("SUDO_UID");
  const int64_t number = uid != nullptr ? parse_integer(uid).value_or(0) : 0;
  if (::geteuid() != 0 || number <= 0)
    return std::nullopt;
  return os::find_user(static_cast<uid_t>(number));
}

} // namespace

void warn_of_other_home(const os::home& place) {
  static bool has_looked = false;
  if (std::exchange(has_looked, true))
    return;
  const auto user = find_sudo_user();
  if (!user)
    return;
  const auto theirs = os::home_at(user->home + "/.procvisor");
  if (!theirs || theirs->path == place.path)
    return;
  const auto running = keeper::connect(*theirs);
  if (running && *running)
    fmt::print(stderr, "procvisor: warning: by sudo this is about {}; the daemon of {} runs for {}\n",
               in_quotes(place.path), user->name, in_quotes(theirs->path));
}

} // namespace procvisor::cli
