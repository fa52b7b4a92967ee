#pragma once

#include <string_view>

namespace procvisor {

/// This program's version. The one translation unit that differs between neighbouring versions defines it, so that the
/// tests make a neighbour by linking another one.
std::string_view version();

/// "1.2.3" -> 1; 0 where it is none.
constexpr int major_version_of(std::string_view version) {
  int number = 0;
  for (const char c : version.substr(0, version.find('.'))) {
    if (c < '0' || c > '9')
      return 0;
    number = number * 10 + (c - '0');
  }
  return number;
}

/// Whether what that version has written and says can be understood here, as far as the version says.
inline bool is_compatible_version(std::string_view other) {
  return major_version_of(other) == major_version_of(version());
}

} // namespace procvisor
