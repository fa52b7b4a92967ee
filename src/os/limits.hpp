#pragma once

#include <sys/resource.h>

namespace procvisor::os {

/// Raises the soft limit of open files (RLIMIT_NOFILE) to the hard one. Returns the limit as it was, which children get
/// back: a program that closes or select()s "all" descriptors suffers from a high one.
rlimit raise_open_files();

/// The soft limit of open files.
rlim_t open_files_limit();

} // namespace procvisor::os
