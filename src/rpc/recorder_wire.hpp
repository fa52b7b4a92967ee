#pragma once

/// What daemon and recorder say to each other: JSON objects, one a packet, over a SOCK_SEQPACKET socket
/// (os/packet_socket), with file descriptors beside them where the table says so. Both ends are always the same binary,
/// or the one that replaces it. Nobody waits for an answer: the recorder may be stalled by a disk, and the daemon must
/// not be.
///
/// Paths and formats are written as core/wire_text does: they may be any bytes.
///
/// From the daemon:
///
/// - `open`: a launch: id, generation, pid, name, out, error, log (both streams once more), pid_file (absolute paths; empty:
///   no such file, and a stream that has none is read and thrown away), log_type, log_date_format, whole_lines (several
///   streams write to one of the files), silent (nobody who follows the app is sent lines). fds: stdout, stderr (read ends);
///   none: those that the keeper has passed on. A launch that it reads already is no second time read
/// - `ended`: the process is over: id, generation. Drain what its pipes hold, remove the pid file, answer `drained`
/// - `forget`: the process was deleted: id. Close its files once drained
/// - `journal`: a line for procvisor.log: line (no newline)
/// - `save`: path, size, tag: replace that file by the memfd's first bytes (temp, fsync, rename, 0600; the earlier file
///   stays as path.bak), answer `saved`. Of several that wait, the last one counts. fd: memfd
/// - `logs`: a client wants logs: request (its JSON-RPC id), lines, follow, out, err (which streams), journal (procvisor.log
///   too), apps: [{id, name, out, error}], all (with follow: those that come later as well). The recorder answers the client itself. fd: the client's socket, its own now
/// - `tail`: tag, id, generation, lines: answer `tail` with the last lines that this launch has written to stderr; empty
///   where it is not the newest one of its process
/// - `flush`: tag, files (paths), journal: empty them, and procvisor.log if journal is true; answer `flush`
/// - `reopen`: tag: the log files may have been moved away: open all by their names again; answer `reopen`
///
/// From the recorder:
///
/// - `drained`: id, generation: both pipes have been read to their end
/// - `trouble`: id, text: a log file cannot be opened or written; what follows from it
/// - `saved`: path, tag (of the newest `save` that it answers, with those before), failed (empty: it is on disk)
/// - `tail`: tag, text
/// - `flush`, `reopen`: tag, failed: [what could not be done, a line for the user each]
namespace procvisor::recorder_wire {

namespace op {
inline constexpr const char* open = "open";
inline constexpr const char* ended = "ended";
inline constexpr const char* forget = "forget";
inline constexpr const char* journal = "journal";
inline constexpr const char* save = "save";
inline constexpr const char* logs = "logs";
inline constexpr const char* tail = "tail";
inline constexpr const char* flush = "flush";
inline constexpr const char* reopen = "reopen";
inline constexpr const char* drained = "drained";
inline constexpr const char* trouble = "trouble";
inline constexpr const char* saved = "saved";
} // namespace op

} // namespace procvisor::recorder_wire
