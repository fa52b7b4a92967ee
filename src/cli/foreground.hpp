#pragma once

#include "cli/console.hpp"
#include "core/result.hpp"
#include "rpc/client.hpp"

namespace procvisor::cli {

/// --no-daemon: whose the daemon is that a command stays in front of.
enum class daemon_owner : uint8_t {
  this_command, ///< it has started it, and ends it with everything when it is told to end
  somebody,     ///< it ran before, and runs on
};

/// Whether something was started that can be followed.
bool has_begun(const result<exit_code>& code);

inline constexpr const char* attach_option = "--attach";
inline constexpr const char* attach_help = "follow the logs afterwards; the apps run on when this command ends";

/// What --attach does once a verb has ended with `code`.
result<exit_code> follow_logs_after(result<exit_code> code, const console& out, rpc::client& daemon);

/// Follows the logs until the daemon ends, or until SIGINT, SIGTERM or SIGHUP.
result<exit_code> stay_in_foreground(const console& out, rpc::client& daemon, daemon_owner owner);

/// `procvisor --no-daemon`: a daemon of this command, and its log.
result<exit_code> run_in_foreground(const console& out);

} // namespace procvisor::cli
