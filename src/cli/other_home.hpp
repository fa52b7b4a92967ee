#pragma once

#include "os/home.hpp"

namespace procvisor::cli {

/// `sudo procvisor list` is about root's apps. Where the user who has typed that has a daemon of his own, a warning on
/// standard error names both homes, once.
void warn_of_other_home(const os::home& place);

} // namespace procvisor::cli
