#pragma once

#include <string>

#include "core/result.hpp"
#include "os/unique_fd.hpp"

namespace procvisor::serve {

/// A socket that listens on an IP address. exit_code::start_failed: the port is taken, or not to be had.
result<os::unique_fd> listen_on(const std::string& host, int port);

} // namespace procvisor::serve
