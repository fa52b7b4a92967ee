#include "actors/recorder/log_sink.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "os/file_append.hpp"
#include "os/rotated_files.hpp"
#include "os/wall_time.hpp"

namespace procvisor::recorder {

namespace {

constexpr auto pause_between_opens = std::chrono::seconds{1};
constexpr auto pause_between_rotations = std::chrono::seconds{10}; ///< that fail

/// Bytes after which the size of a file is asked for, which may have other writers.
constexpr uint64_t learn_after = 1024 * 1024;

} // namespace

std::string log_sink::open(std::string path, const log_limits& limits, time_point now) {
  if (path != path_)
    lost_ = 0;
  path_ = std::move(path);
  limits_ = limits;
  is_at_line_start_ = true;
  fd_.reset();
  if (path_.empty())
    return {};
  fd_ = os::open_append(path_);
  if (fd_) {
    learn_size();
    return {};
  }
  lost_because_ = errno;
  open_again_ = now + pause_between_opens;
  return fmt::format("cannot open '{}': {}, throwing its output away until it can be opened", path_,
                     strerror(lost_because_));
}

void log_sink::learn_size() {
  struct stat about {};
  const bool is_file = fstat(fd_.get(), &about) == 0 && S_ISREG(about.st_mode);
  size_ = is_file ? static_cast<uint64_t>(about.st_size) : 0;
  unlearnt_ = 0;
  can_rotate_ = is_file && (limits_.max_size > 0 || limits_.interval != rotate_interval::never);
  if (can_rotate_)
    period_ = period_of(limits_.interval,
                        os::local_time(size_ > 0 ? wall_clock::from_time_t(about.st_mtim.tv_sec) : wall_clock::now()));
}

bool log_sink::is_due() const {
  return limits_.interval != rotate_interval::never
         && period_of(limits_.interval, os::local_time(wall_clock::now())) != period_;
}

std::string log_sink::append(std::span<const std::byte> bytes, time_point now) {
  if (path_.empty())
    return {};
  if (!fd_ && now >= open_again_) {
    fd_ = os::open_append(path_);
    open_again_ = now + pause_between_opens;
    if (fd_)
      learn_size();
  }
  if (!fd_) {
    lost_ += bytes.size();
    return {}; // open() has told
  }
  std::string trouble;
  while (!bytes.empty()) {
    note_losses();
    const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    const auto piece = can_rotate_ && now >= rotate_again_
                           ? next_piece(text, size_, is_at_line_start_, limits_.max_size, is_due())
                           : log_piece{text.size(), false};
    const auto now_due = bytes.first(piece.bytes);
    const auto written = lost_ > 0 ? 0 : write_out(now_due);
    const int why = lost_ > 0 ? lost_because_ : errno;
    if (written < now_due.size())
      if (auto told = lose(now_due.size() - written, why); !told.empty())
        trouble = std::move(told);
    bytes = bytes.subspan(piece.bytes);
    if (piece.then_rotate)
      if (auto told = rotate(now); !told.empty())
        trouble = std::move(told);
  }
  return trouble;
}

std::string log_sink::follow_rotation(time_point now) {
  return !fd_ || os::is_file_at(fd_.get(), path_) ? std::string{} : open(path_, limits_, now);
}

std::string log_sink::rotate(time_point now) {
  // Where somebody else has put it aside, or moved it away, it is begun anew.
  const bool is_ours = os::is_file_at(fd_.get(), path_);
  const int failed = is_ours ? os::rotate_files(path_, limits_.keep) : 0;
  auto fresh = failed == 0 ? os::open_append(path_) : os::unique_fd{};
  if (!fresh) {
    const int why = failed != 0 ? failed : errno;
    rotate_again_ = now + pause_between_rotations;
    return fmt::format("cannot put '{}' aside: {}, it grows on", path_, strerror(why));
  }
  fd_ = std::move(fresh);
  is_at_line_start_ = true;
  learn_size();
  if (limits_.max_total > 0)
    os::limit_rotated_files(path_, limits_.max_total);
  was_rotated_ = was_rotated_ || is_ours;
  return {};
}

void log_sink::note_losses() {
  if (lost_ == 0 || !fd_)
    return;
  const auto note = fmt::format("{}[procvisor] {} bytes of output were lost: {}\n", is_at_line_start_ ? "" : "\n",
                                lost_, strerror(lost_because_));
  if (write_out(std::as_bytes(std::span{note})) == note.size())
    lost_ = 0;
}

off_t log_sink::size() const {
  struct stat about {};
  return fd_ && fstat(fd_.get(), &about) == 0 ? about.st_size : 0;
}

size_t log_sink::write_out(std::span<const std::byte> bytes) {
  size_t written = 0;
  while (written < bytes.size()) {
    const auto n = write(fd_.get(), bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && (errno == ENOSPC || errno == EDQUOT) && can_rotate_ && os::remove_oldest_rotated_file(path_))
      continue;
    if (n <= 0)
      break;
    written += static_cast<size_t>(n);
  }
  if (written == 0)
    return 0;
  is_at_line_start_ = bytes[written - 1] == std::byte{'\n'};
  size_ += written;
  unlearnt_ += written;
  if (can_rotate_ && unlearnt_ >= learn_after && written == bytes.size()) {
    const auto period = period_;
    learn_size(); // others write to it as well
    period_ = period;
  }
  return written;
}

std::string log_sink::lose(size_t bytes, int why) {
  const bool begins = lost_ == 0;
  lost_ += bytes;
  lost_because_ = why;
  if (!begins)
    return {};
  return fmt::format("cannot write '{}': {}, counting what is lost until it can be written", path_, strerror(why));
}

} // namespace procvisor::recorder
