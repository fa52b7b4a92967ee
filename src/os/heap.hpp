#pragma once

namespace procvisor::os {

/// Gives large blocks back to the kernel as soon as they are freed, from the first one to the last: glibc's own thresholds
/// rise with what a program has freed, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD), and one large answer would stay
/// resident for good.
void return_large_blocks();

/// Gives back the free pages between what stays (malloc_trim(3)). Walks the heap: for after a large request, not for each.
void give_back_free_memory();

} // namespace procvisor::os
