#pragma once

#include <cstddef>
#include <string>

namespace procvisor::os {

/// Makes `path` hold the first `size` bytes of the file `content`, so that a crash leaves the old or the new
/// content, never half: a temporary file in the same folder (mode 0600), fsync, rename, fsync of the folder. What was
/// there before is `<path>.bak`, where the filesystem has hard links. Blocks on the disk. 0 or errno.
int replace_file(const std::string& path, int content, size_t size);

} // namespace procvisor::os
