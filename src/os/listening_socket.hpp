#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "core/cluster_message.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::os {

/// On whose behalf a socket is bound, where that is not this process's user.
struct socket_owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// A socket bound as Node's primary binds it, and listening unless it is of UDP: non-blocking, close-on-exec. `owner`:
/// what that user could not bind (a low port, a path in a folder of others) is refused, and a path is his. The error is
/// an errno. A relative path starts at `cwd`.
tl::expected<unique_fd, int> listen_for(const cluster::server_query& query, const std::string& cwd,
                                        const std::optional<socket_owner>& owner);

/// A socket of the key `listen`: blocking, for that is what programs expect which are handed one. Bound with all rights of
/// this process; one of a path is then its app's user's, for everybody to connect to whom its folder lets in (as systemd's
/// sockets are), and takes the place of one that nobody listens on. The error is an errno.
tl::expected<unique_fd, int> listen_for_app(const cluster::server_query& query, std::optional<uid_t> uid,
                                            std::optional<gid_t> gid);

/// The path that a server_query of address_kind::path means.
std::string path_of(const cluster::server_query& query, const std::string& cwd);

/// nullopt: it is of no internet family.
std::optional<cluster::socket_name> name_of(int socket);

/// The next connection, non-blocking and close-on-exec. Empty: errno says why.
unique_fd accept_connection(int socket);

} // namespace procvisor::os
