#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace procvisor::os {

/// How a program ended, and what it wrote.
struct program_result {
  int wait_status = 0; ///< of waitpid(2)
  std::string result;  ///< written to fd 3: standard output is not used, for the program may talk there
  std::string talk;    ///< standard output and standard error
};

/// Runs a program (argv[0] is its path) to its end, with /dev/null as standard input. It gets `limit` bytes of each
/// stream through and SIGPIPE after that. Blocks: for clients only. errno where it could not be started.
tl::expected<program_result, int> run_program(const std::vector<std::string>& argv, size_t limit);

/// The fd on which the program gives its result.
inline constexpr int program_result_fd = 3;

} // namespace procvisor::os
