#pragma once

#include <string_view>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// An anonymous file with these bytes, sealed: it can be read and mapped, never changed. The offset is at the start.
/// Empty: errno says why. `name` is seen in /proc only.
unique_fd sealed_memfd(const char* name, std::string_view bytes);

} // namespace procvisor::os
