#pragma once

namespace procvisor::web {

/// Serves the page, the JSON and the metrics where this process's environment says, until a signal ends it. Returns the
/// exit code where it cannot. This program as an app of its own: `procvisor web`.
int run_server();

} // namespace procvisor::web
