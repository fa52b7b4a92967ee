#pragma once

#include "cli/invocation.hpp"
#include "cli/screen/layout.hpp"

namespace procvisor::cli {

/// `monit` and `ilogs`: one program that opens on this page, until it is quit. Restores the terminal whatever ends it.
result<exit_code> run_full_screen(invocation& call, page_kind page);

} // namespace procvisor::cli
