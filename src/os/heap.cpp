#include "os/heap.hpp"

#include <malloc.h>

namespace procvisor::os {

void return_large_blocks() {
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024); // glibc's first value of both: setting them is what keeps them there
  ::mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

void give_back_free_memory() {
  ::malloc_trim(0);
}

} // namespace procvisor::os
