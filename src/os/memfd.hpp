#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// An anonymous file with these bytes, sealed: it can be read and mapped, never changed. The offset is at the start.
/// Empty: errno says why. `name` is seen in /proc only.
unique_fd sealed_memfd(const char* name, std::string_view bytes);

/// An anonymous file that grows. It outlives its writer where somebody else has a descriptor of it, with all that was
/// written until then. Empty: errno says why.
unique_fd growing_memfd(const char* name);

/// False: errno says why, and some of the bytes may be there.
bool write_at(int file, std::string_view bytes, size_t at);

/// All bytes of a regular file, whatever its offset.
std::string read_whole(int file);

} // namespace procvisor::os
