#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace procvisor {

/// The number of a signal that is named with or without SIG, in any case (`SIGUSR2`, `hup`, `RTMIN+3`), or by its number.
/// exit_code::usage otherwise, with the name that was probably meant.
result<int> parse_signal(std::string_view text);

/// "SIGTERM"; "signal 40" for one without a name.
std::string signal_name(int number);

} // namespace procvisor
