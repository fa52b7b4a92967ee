#include "os/random.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace procvisor::os {

std::string random_text() {
  std::array<unsigned char, 16> bytes{};
  ssize_t got = 0;
  do // so few come at once, or not at all before the kernel has gathered some
    got = ::getrandom(bytes.data(), bytes.size(), 0);
  while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(bytes.size()))
    std::abort();
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

} // namespace procvisor::os
