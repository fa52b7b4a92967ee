#pragma once

#include <sys/socket.h>

#include <optional>

namespace procvisor::os {

/// Who is at the other end of a connected unix socket (SO_PEERCRED): who called connect() or, seen from a client, who
/// called listen(). The pid is 0 where it is of a foreign pid namespace. nullopt: errno says why.
std::optional<ucred> peer_credentials(int socket);

} // namespace procvisor::os
