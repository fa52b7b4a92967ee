#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace procvisor::os {

/// The bytes of a file, a pipe or a device such as /dev/stdin. errno otherwise; EISDIR for a folder, and EFBIG where it
/// is larger than `limit` (a regular file is then not read at all).
tl::expected<std::string, int> read_text_file(const std::string& path, size_t limit);

/// A new file of the user's, with the mode that his umask gives. 0 or errno; EEXIST where there is one, and where writing
/// fails there is none.
int create_text_file(const std::string& path, std::string_view text);

/// The old or the new text, never half, and the mode whatever the umask. 0 or errno.
int replace_text_file(const std::string& path, std::string_view text, mode_t mode);

} // namespace procvisor::os
