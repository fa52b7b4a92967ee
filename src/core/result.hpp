#pragma once

#include <cstdint>
#include <string>
#include <string_view>
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

struct exit_code_meaning {
  exit_code code;
  std::string_view meaning; ///< word for word as in procvisor(1)
};
inline constexpr exit_code_meaning exit_code_meanings[] = {
    {exit_code::done, "Done: what was asked for has happened."},
    {exit_code::other, "Something else failed; the message says what."},
    {exit_code::usage, "The command line, a file or a value in it is wrong. Nothing was changed."},
    {exit_code::not_found, "No such target."},
    {exit_code::start_failed, "A process could not be started, or ended at once."},
    {exit_code::not_ready, "A process was not ready in time."},
    {exit_code::partly, "Done for some of the targets, not for all."},
    {exit_code::unreachable, "A daemon is there and does not answer."},
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
