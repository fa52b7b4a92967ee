#pragma once

#include <string>
#include <string_view>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// Opens `path` for appending without ever blocking (a FIFO without a reader: ENXIO), makes it with mode 0600 and its
/// missing parent folders with 0700. Empty: errno says why.
unique_fd open_append(const std::string& path);

/// Empties a regular file; what is appended to it stands at its beginning then. One that is not there, and what is no
/// regular file, has nothing to empty. 0 or errno.
int empty_file(const std::string& path);
/// Replaces what the file holds by `text`, in place (a pid file). Made with 0600, its parent folders with 0700.
/// 0 or errno.
int write_file(const std::string& path, std::string_view text);

} // namespace procvisor::os
