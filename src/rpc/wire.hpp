#pragma once

#include <cstddef>

/// The wire between clients and the daemon: JSON-RPC 2.0, one message a line, over $PROCVISOR_HOME/procvisor.sock.
/// Every reply's `result` or `error` stands beside `"protocol": 1` at the top level. Adjacent versions talk.
///
/// Errors: `{"code": <exit_code>, "message": what, "data": {"hint": ...}}`.
///
/// Each method with its params, and its result:
///
/// - `ping`: {pid, keeper, version, keeper_version, has_returned (after an update that failed), found: [after the loss of
///   a keeper, what this daemon has taken back and what it could not, a line each]}
/// - `start`, apps: [spec], environment: {the caller's}, when_running: restart, refuse, add or reload (with
///   graceful and parallel), update_env (bool: what is
///   restarted gets this environment and does not keep its own), wait: outcome
/// - `stop`, `restart`, `delete`, `start_existing`, targets: [text as typed], names: [exact names, from a file; one that
///   is not there is skipped], cwd (where targets that are scripts start); for `restart` and `start_existing` also change:
///   {those keys of a spec that are new from now on; null: the default; env: what is added to it}, environment: {the
///   caller's, where it replaces the one that they have}; wait: outcome
///   Also, for `stop` and `restart`, watch: off (their files are not watched any more) or toggle
/// - `reload`, as `restart`, and graceful (bool: the message 'shutdown' comes first), parallel (processes at a time; 1):
///   outcome with notes: [text]; one process after the other is replaced, and the first failure ends it
/// - `reset`, targets and names as above: outcome
/// - `scale`, target, to: n or by: n: outcome; done are the processes that were started, or those that were deleted (they
///   have pid 0), or none, where there were so many already
/// - `list`, targets (none: all), files (true: with error_file and pid_file in each row): {processes: [row], notes: [text]}
/// - `jlist`: [PM2's shape, with the environment]
/// - `env`, target: {id, name, environment: {of the process, as of its next launch}}; the target means one process
/// - `describe`, target: [row, and beside its members all of the spec but its environment; files as they are resolved]
/// - `send`, targets, text: for the stdin of what runs, with its newline: outcome
/// - `signal`, targets, signal (a number): outcome
/// - `trigger`, targets, action, params (a text; absent: none): outcome
/// - `logs`, targets (none: all), lines, follow, out, err, journal: the recorder answers, first with `tail` notifications
///   {id, name, stream, path, lines: [..]}, then with `log` notifications {id, name, stream: out, err or journal, line};
///   without follow, then a result {}
/// - `events`: {}, and then for ever `event` notifications, what happens to processes (core/process_event), and `message`
///   notifications, what programs say on their IPC channels: {type, at, id, name, namespace, generation, data or raw};
///   a last one, `end` {reason}, before a client that reads too slowly is cut off
/// - `flush`, targets (none: all, and procvisor.log): {files: [paths], failed: [text]}
/// - `reload_logs`: {failed: [text]}
/// - `dump`, force: {saved: processes}; 0 without force: the list is empty, and the file is as it was
/// - `cleardump`: {saved: 0}
/// - `resurrect`, state (a text as core/state has it): outcome with skipped: [names that are in the list already]
/// - `update`, program (a path): the keeper makes room for that program and the connection ends; answered only with the
///   error that says why the program cannot take over, and then nothing has happened
/// - `kill`: {stopped: n}; then the daemon ends, and the keeper after it
///
/// wait: true (and where it is absent): starts are answered when the processes have shown that they run; false: as soon
/// as they have been executed.
///
/// `describe` also has restarts_by: {command, exit, watch, memory, cron, watchdog: restarts}, without those that are 0, axm_actions: [{action_name, ...}] and axm_monitor: {name: {value, ...}} of an app that has offered
/// such on its IPC channel, status_text (what it says of itself by STATUS=), and failed_reload, a text, where the newest reload has not replaced the process.
///
/// outcome: {done: [row], replies: [{id, name, namespace, reply}] (of a trigger), failed: [{target or name, code, message, hint, last_words: what a process that ended wrote to
/// stderr last, lines}]}
///
/// row: {id, name, namespace, instance, mode: fork or cluster, pid, status, restarts, unstable_restarts, created_at,
/// started_at (milliseconds since the epoch; 0: never), exit_code, exit_signal, reason, cause (of the newest restart;
/// empty: somebody asked for it), cpu (percent of one core, one decimal), memory (bytes), user, watching (bool),
/// watch_trouble (why it is to watch files and does not; absent: it does what it is to), version}
///
/// spec: the keys of core/option_table with the values of app_spec, durations in milliseconds.
///
/// Specs and environments are texts of bytes: a byte that is no part of UTF-8 is NUL and two hexadecimal digits, such as
/// "\\u0000ff" (core/wire_text). What is meant to be read by people or scripts has U+FFFD in its place.
namespace procvisor::rpc {

inline constexpr int protocol_version = 1;

/// A request or a reply above this is refused, and so is a client whose unread replies are more than this.
inline constexpr size_t max_message_bytes = 32U * 1024 * 1024;

/// Of requests that have not come whole and of replies that nobody reads, of all clients together (but 64 KiB of each).
inline constexpr size_t most_held_bytes = 2 * max_message_bytes;

namespace method {
inline constexpr const char* ping = "ping";
inline constexpr const char* start = "start";
inline constexpr const char* start_existing = "start_existing";
inline constexpr const char* stop = "stop";
inline constexpr const char* restart = "restart";
inline constexpr const char* reload = "reload";
inline constexpr const char* remove = "delete";
inline constexpr const char* reset = "reset";
inline constexpr const char* scale = "scale";
inline constexpr const char* list = "list";
inline constexpr const char* jlist = "jlist";
inline constexpr const char* describe = "describe";
inline constexpr const char* send = "send";
inline constexpr const char* signal = "signal";
inline constexpr const char* trigger = "trigger";
inline constexpr const char* env = "env";
inline constexpr const char* logs = "logs";
inline constexpr const char* events = "events";
inline constexpr const char* flush = "flush";
inline constexpr const char* reload_logs = "reload_logs";
inline constexpr const char* dump = "dump";
inline constexpr const char* cleardump = "cleardump";
inline constexpr const char* resurrect = "resurrect";
inline constexpr const char* update = "update";
inline constexpr const char* kill = "kill";
} // namespace method

/// The param `watch` of stop and restart.
inline constexpr const char* watch_off = "off";
inline constexpr const char* watch_toggle = "toggle";

} // namespace procvisor::rpc
