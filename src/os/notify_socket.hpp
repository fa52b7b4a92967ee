#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// The receiving end of NOTIFY_SOCKET (sd_notify(3)), non-blocking, under an abstract name: "@name". Empty: errno says why.
unique_fd open_notify_socket(const std::string& address);

struct notify_datagram {
  std::string text; ///< at most 4096 bytes of it
  uid_t sender = 0; ///< as the kernel says it
};

/// The next one; descriptors that came with it are dropped. nullopt: there is none.
std::optional<notify_datagram> receive_notification(int socket);

/// Tells the service manager that has set NOTIFY_SOCKET to `address`, and waits until it has heard (or for five seconds),
/// so that this process may end. 0 or errno.
int tell_service_manager(const std::string& address, std::string_view text);

} // namespace procvisor::os
