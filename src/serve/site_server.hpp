#pragma once

namespace procvisor::serve {

/// Serves the files that PM2_SERVE_* of this process's environment say, until a signal ends it. Returns the exit code
/// where it cannot. This program as an app of its own: `procvisor serve`, `script: serve`, `static` of a file.
int run_site_server();

} // namespace procvisor::serve
