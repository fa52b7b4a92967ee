#include "cli/stream_relay.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include <fmt/format.h>

#include "cli/line_fields.hpp"

namespace procvisor::cli {

stream_relay::stream_relay(int to) : to_(to) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return;
  read_end_.reset(ends[0]);
  write_end_.reset(ends[1]);
}

std::string stream_relay::path() const {
  return fmt::format("/proc/{}/fd/{}", ::getpid(), write_end_.get());
}

void stream_relay::add(std::string_view line) const {
  (void)::write(write_end_.get(), line.data(), std::min<size_t>(line.size(), PIPE_BUF));
}

pollfd stream_relay::wanted() const {
  if (!waiting_.empty())
    return {to_, POLLOUT, 0};
  return {read_end_.get(), POLLIN, 0};
}

void stream_relay::on(const pollfd& ready) {
  if (ready.revents == 0)
    return;
  if (waiting_.empty()) {
    std::array<char, 64 * 1024> block; // NOLINT: read fills it
    const ssize_t got = ::read(read_end_.get(), block.data(), block.size());
    if (got > 0)
      take({block.data(), static_cast<size_t>(got)});
    if (got == 0)
      read_end_.reset();
    return;
  }
  // A pipe or a terminal that is ready takes so much at once.
  const size_t piece = std::min<size_t>(waiting_.size() - written_, PIPE_BUF);
  const ssize_t n = ::write(to_, waiting_.data() + written_, piece);
  if (n < 0 && errno != EINTR && errno != EAGAIN)
    drop_if_stuck(); // nobody wants it
  written_ += static_cast<size_t>(std::max<ssize_t>(n, 0));
  if (waiting_.empty() || written_ == waiting_.size()) {
    waiting_.clear();
    written_ = 0;
  }
}

void stream_relay::take(std::string_view block) {
  if (is_unwanted_)
    return;
  if (as_fields_)
    waiting_ = fields_of_json_lines(block, incomplete_);
  else
    waiting_ = block;
}

void stream_relay::drop_if_stuck() {
  is_unwanted_ = is_unwanted_ || !waiting_.empty();
  waiting_.clear();
  written_ = 0;
}

void stream_relay::finish() {
  write_end_.reset();
  while (read_end_ || !waiting_.empty()) {
    pollfd next = wanted();
    const int count = ::poll(&next, 1, patience_ms);
    if (count == 0)
      return;
    on(next);
  }
}

} // namespace procvisor::cli
