#include "actors/recorder/log_sink.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "os/file_append.hpp"

namespace procvisor::recorder {

namespace {

constexpr auto pause_between_opens = std::chrono::seconds{1};

} // namespace

std::string log_sink::open(std::string path, time_point now) {
  if (path != path_)
    lost_ = 0;
  path_ = std::move(path);
  is_at_line_start_ = true;
  fd_.reset();
  if (path_.empty())
    return {};
  fd_ = os::open_append(path_);
  if (fd_)
    return {};
  lost_because_ = errno;
  open_again_ = now + pause_between_opens;
  return fmt::format("cannot open '{}': {}, throwing its output away until it can be opened", path_,
                     strerror(lost_because_));
}

std::string log_sink::append(std::span<const std::byte> bytes, time_point now) {
  if (path_.empty())
    return {};
  if (!fd_ && now >= open_again_) {
    fd_ = os::open_append(path_);
    open_again_ = now + pause_between_opens;
  }
  if (!fd_) {
    lost_ += bytes.size();
    return {}; // open() has told
  }
  note_losses();
  if (lost_ > 0)
    return lose(bytes.size(), lost_because_);
  const auto written = write_out(bytes);
  return written == bytes.size() ? std::string{} : lose(bytes.size() - written, errno);
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
    if (n <= 0)
      break;
    written += static_cast<size_t>(n);
  }
  if (written > 0)
    is_at_line_start_ = bytes[written - 1] == std::byte{'\n'};
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
