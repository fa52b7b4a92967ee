#include <cstddef>
#include <cstdint>

#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  procvisor::fuzz::state({reinterpret_cast<const char*>(data), size});
  return 0;
}
