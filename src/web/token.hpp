#pragma once

#include <string>

#include "core/result.hpp"
#include "os/home.hpp"

namespace procvisor::web {

/// What lets a client of the web server in: a file of mode 0600 in the home, which stays from start to start.
std::string token_path(const os::home& place);

/// The token; a new one where there is none yet, or where a new one is wanted.
result<std::string> find_token(const os::home& place, bool wants_new = false);

} // namespace procvisor::web
