#pragma once

#include "cli/render/colour.hpp"
#include "core/process.hpp"

namespace procvisor::cli {

/// Green: runs; blue: about to run; red: neither.
colour colour_of(process_status status);

} // namespace procvisor::cli
