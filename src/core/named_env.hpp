#pragma once

#include <string_view>

namespace procvisor {

/// What stands before the name in a key `env_<name>`.
inline constexpr std::string_view named_env_prefix = "env_";

} // namespace procvisor
