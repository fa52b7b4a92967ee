#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace procvisor {

/// The exit codes of every command, and the codes of errors on the wire (procvisor(1), EXIT STATUS).
enum class exit_code : uint8_t {
  done = 0,
  other = 1,
  usage = 2,        ///< bad command line, bad config file, bad value
  not_found = 3,    ///< no such target
  start_failed = 4, ///< a process could not be started
  not_ready = 5,    ///< a process was not ready in time
  partly = 6,       ///< done for some of the targets
  unreachable = 7,  ///< a daemon is there and does not answer
};

/// An expected failure: what went wrong and why (one line, with `file:line:column: ` in front where a file caused it),
/// and what to do about it (may be empty).
struct error {
  exit_code code = exit_code::other;
  std::string what;
  std::string hint = {};
};

template <class T>
using result = tl::expected<T, error>;

/// `return fail(exit_code::not_found, "no app named 'web'", "see procvisor list");`
inline tl::unexpected<error> fail(exit_code code, std::string what, std::string hint = {}) {
  return tl::unexpected<error>{error{code, std::move(what), std::move(hint)}};
}

/// The same for an error that is passed on: `return fail(std::move(r.error()));`
inline tl::unexpected<error> fail(error e) {
  return tl::unexpected<error>{std::move(e)};
}

} // namespace procvisor
