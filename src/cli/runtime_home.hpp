#pragma once

#include <string>
#include <utility>

#include "core/result.hpp"

namespace procvisor::cli {

/// The home of `procvisor runtime`: the usual one where it can be written, so that commands from elsewhere find it;
/// else a folder in memory, which is gone with this object. PROCVISOR_HOME names it from now on.
class runtime_home {
public:
  static result<runtime_home> choose();

  explicit runtime_home(std::string temporary) : temporary_(std::move(temporary)) {}
  runtime_home(runtime_home&& other) noexcept : temporary_(std::exchange(other.temporary_, {})) {}
  runtime_home& operator=(runtime_home&&) = delete;
  ~runtime_home();

private:
  std::string temporary_; ///< empty: the usual one
};

} // namespace procvisor::cli
