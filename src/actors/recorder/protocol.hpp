#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/result.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include "core/log_format.hpp"
#include "core/log_rotation.hpp"
#include "core/process.hpp"
#include "loop/event_loop.hpp"
#include "os/unique_fd.hpp"

/// The messages between the recorder's actors. They never leave the process.
namespace procvisor::recorder {

struct compression_failed;
struct finish;
struct follow;
struct follow_start;
struct forget;
struct journal_line;
struct launch_drained;
struct launch_ended;
struct launch_opened;
struct new_source;
struct log_block;
struct log_rotated;
struct reopen;
struct save;
struct saved;
struct tail;
struct trouble;
struct writer_failed;

} // namespace procvisor::recorder

CAF_BEGIN_TYPE_ID_BLOCK(procvisor_recorder, caf::first_custom_type_id + 100)

  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::compression_failed))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::finish))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::follow))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::follow_start))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::forget))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::journal_line))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::launch_drained))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::launch_ended))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::launch_opened))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::log_block))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::log_rotated))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::new_source))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::reopen))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::save))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::saved))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::tail))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::trouble))
  CAF_ADD_TYPE_ID(procvisor_recorder, (procvisor::recorder::writer_failed))

CAF_END_TYPE_ID_BLOCK(procvisor_recorder)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::compression_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::finish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::follow)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::new_source)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::follow_start)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::forget)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::journal_line)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::launch_drained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::launch_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::launch_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::log_block)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::log_rotated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::reopen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::save)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::saved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::tail)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::trouble)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(procvisor::recorder::writer_failed)

namespace procvisor::recorder {

/// Where a line comes from; the words are those of the wire.
enum class channel : uint8_t { out, err, journal };

constexpr std::string_view to_string(channel which) {
  switch (which) {
    case channel::out:
      return "out";
    case channel::err:
      return "err";
    case channel::journal:
      return "journal";
  }
  return "";
}

// -- to a client's log_stream -------------------------------------------------

/// Whole lines, each with its newline. Shared by all the followers.
struct log_block {
  process_id id{};
  channel from = channel::out;
  std::shared_ptr<const std::string> lines;
};

/// To one that follows all apps: another one has come, and its lines are sent next.
struct new_source {
  process_id id{};
  std::string name;
};

using log_stream_actor = caf::typed_actor<caf::result<void>(fd_ready), caf::result<void>(log_block),
                                          caf::result<void>(new_source), caf::result<void>(finish)>;

// -- to what can be followed --------------------------------------------------

/// Lines that come from now on are sent to `follower` for as long as it lives.
struct follow {
  log_stream_actor follower;
  channel from = channel::out;
};

/// Size of the file at the beginning of the first line that the follower is sent: what stands before is for it to read
/// from the file.
struct follow_start {
  off_t at = 0;
};

using followed_actor = caf::typed_actor<caf::result<follow_start>(follow), caf::result<void>(finish)>;

/// A line for procvisor.log, without its newline.
struct journal_line {
  std::string text;
};

/// The log files may have been moved away: open them by their names again. Answered with the trouble there was, one
/// line for the user; empty: none.
struct reopen {};

using journal_actor = followed_actor::extend<caf::result<void>(journal_line), caf::result<std::string>(reopen)>;

// -- to the log_writer of one process id --------------------------------------

struct launch_pipes {
  os::unique_fd out;
  os::unique_fd err;
};

/// The read ends of a launch. An empty path: there is no such file.
struct launch_opened {
  generation gen{};
  pid_t pid = 0;
  std::string app_name = {};
  std::string out;
  std::string err;
  std::string log = {}; ///< of both streams
  std::string pid_file;
  log_style style = {};
  log_limits limits = {};
  bool is_silent = false; ///< who follows the app is sent no lines
  std::shared_ptr<launch_pipes> pipes;
};

/// The process is over. Answered with launch_drained when all that it wrote is in the files.
struct launch_ended {
  generation gen{};
};

/// Never again a launch: end when the pipes have ended.
struct forget {};

/// Take what is in the pipes, write what is pending, end.
struct finish {};

/// Wanted: the last lines that a launch has written to stderr, if it is the newest one.
struct tail {
  generation gen{};
  size_t lines = 0;
};

/// A log has been put aside, and begun anew. From a log_writer to the root, and from there to all that may write to it.
struct log_rotated {
  std::string path;
  bool compress = false;
};

using log_writer_actor =
    followed_actor::extend<caf::result<void>(fd_ready), caf::result<void>(launch_opened),
                           caf::result<void>(launch_ended), caf::result<void>(forget), caf::result<void>(log_rotated),
                           caf::result<std::string>(tail), caf::result<std::string>(reopen)>;

// -- to the log_compressor ----------------------------------------------------

using log_compressor_actor =
    caf::typed_actor<caf::result<void>(log_rotated), caf::result<void>(fd_ready), caf::result<void>(finish)>;

// -- to the state_file of one path --------------------------------------------

/// The newest content; one that is not yet on disk is overtaken by it.
struct save {
  std::shared_ptr<const os::unique_fd> content;
  size_t size = 0;  ///< so many of its bytes
  uint64_t tag = 0; ///< the daemon's: later ones are larger
};

using state_file_actor = caf::typed_actor<caf::result<void>(save), caf::result<void>(finish)>;

// -- to the root --------------------------------------------------------------

struct launch_drained {
  process_id id{};
  generation gen{};
};

struct trouble {
  process_id id{};
  std::string text; ///< what went wrong, and what follows from it
};

/// Answers every `save` that came before.
struct saved {
  std::string path;
  uint64_t tag = 0;
  std::string failed; ///< empty: it is on disk
};

struct compression_failed {
  std::string text;
};

/// The last words of a log_writer with a bug: what its successor goes on with.
struct writer_failed {
  process_id id{};
  std::string what;
  std::vector<launch_opened> launches;
};

using recorder_actor =
    caf::typed_actor<caf::result<void>(fd_ready), caf::result<void>(launch_drained), caf::result<void>(trouble),
                     caf::result<void>(saved), caf::result<void>(writer_failed), caf::result<void>(log_rotated),
                     caf::result<void>(compression_failed)>;

} // namespace procvisor::recorder
