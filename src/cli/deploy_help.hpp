#pragma once

#include <string_view>

namespace procvisor::cli {

/// `procvisor deploy help`
extern const std::string_view deploy_help;

} // namespace procvisor::cli
