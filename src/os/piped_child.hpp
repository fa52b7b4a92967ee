#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "os/unique_fd.hpp"

namespace procvisor::os {

/// A program that runs beside its caller, who feeds it and reads what it writes. All of the caller's ends are close-on-
/// exec and do not block.
class piped_child {
public:
  struct manner {
    bool inherits_input = false; ///< standard input is the caller's own, a terminal; else it is `in`
    bool has_own_group = false; ///< a process group, so that it can end with all that it has started; not for a program
                                ///< that may ask something at the terminal
  };

  /// argv[0] is the path of the program. errno where it could not be started.
  static tl::expected<piped_child, int> start(const std::vector<std::string>& argv, manner how);

  piped_child(piped_child&&) noexcept;
  piped_child& operator=(piped_child&&) = delete;
  ~piped_child(); ///< kills what was not waited for

  unique_fd in; ///< its standard input; empty where that is inherited
  unique_fd out;
  unique_fd err;

  /// Ends it, if it has not ended: it is waited for by wait() all the same.
  void kill() const;

  /// Until its end, which its streams have shown or kill() has brought: of waitpid(2).
  int wait();

private:
  piped_child() = default;

  pid_t pid_ = 0;
};

} // namespace procvisor::os
