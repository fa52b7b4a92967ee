#pragma once

#include <string>
#include <string_view>

namespace procvisor {

/// A text as one word of a POSIX shell, whatever is in it but a NUL: nothing of it is expanded or looked at.
std::string shell_quoted(std::string_view text);

} // namespace procvisor
