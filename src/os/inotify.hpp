#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "os/unique_fd.hpp"

namespace procvisor::os {

struct inotify_change {
  int watch = -1;
  uint32_t mask = 0;
  std::string_view name; ///< of what is in the watched folder; empty: the folder itself
};

/// Close-on-exec and non-blocking. Empty: errno says why.
unique_fd open_inotify();

/// Takes what is there, up to 64 KiB of it.
void read_inotify(int fd, const std::function<void(const inotify_change&)>& take);

/// Why inotify gives no more, and what to do about it: "no inotify watch is left (fs.inotify.max_user_watches is 8192):
/// sysctl ... raises that". `failure` is errno of inotify_add_watch(2) or inotify_init(2).
std::string inotify_shortage(int failure);

} // namespace procvisor::os
