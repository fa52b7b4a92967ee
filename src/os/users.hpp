#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace procvisor::os {

/// passwd(5).
struct user_entry {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
};

/// From /etc/passwd, else from `getent passwd` (a directory service): a static binary has no NSS. The second one is a
/// child process and blocks: for clients only.
std::optional<user_entry> find_user(const std::string& name);
std::optional<user_entry> find_user(uid_t uid);

/// The same for /etc/group.
std::optional<gid_t> find_group(const std::string& name);

} // namespace procvisor::os
