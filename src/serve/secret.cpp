#include "serve/secret.hpp"

#include <cstddef>

namespace procvisor::serve {

bool is_same_secret(std::string_view given, std::string_view wanted) {
  unsigned difference = given.size() == wanted.size() && !wanted.empty() ? 0 : 1;
  for (size_t i = 0; i < wanted.size(); ++i)
    difference |= static_cast<unsigned>(wanted[i] ^ (given.empty() ? '\0' : given[i % given.size()]));
  return difference == 0;
}

} // namespace procvisor::serve
