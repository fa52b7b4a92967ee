#pragma once

#include <string>

#include "config/document.hpp"
#include "config/load.hpp"
#include "core/result.hpp"

namespace procvisor::config {

/// What a .config.js, .cjs or .mjs file exports, evaluated by the `node` in the caller's PATH. No positions: they are
/// node's own matter. Blocks until node ends.
result<document> read_js(const std::string& path, const caller& who);

} // namespace procvisor::config
