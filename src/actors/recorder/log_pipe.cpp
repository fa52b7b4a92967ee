#include "actors/recorder/log_pipe.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

namespace procvisor::recorder {

namespace {

constexpr int enlarged_bytes = 1024 * 1024;

/// 64 reads within 100 ms are a flood, fewer than 64 in a second are none.
constexpr uint32_t flood_reads = 64;
constexpr auto flood_window = std::chrono::milliseconds{100};

/// Of an ordinary user's 64 MiB of pipes (pipe-user-pages-soft) a quarter.
constexpr unsigned enlarged_at_most = 16;

bool may_exceed_pipe_limits() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  return syscall(SYS_capget, &header, sets.data()) == 0 && (sets[0].effective & (1U << CAP_SYS_RESOURCE)) != 0;
}

} // namespace

// -- drain_pool ---------------------------------------------------------------

drain_pool::drain_pool()
  : buffer_(new std::byte[buffer_bytes]),
    enlarged_left_(may_exceed_pipe_limits() ? std::numeric_limits<unsigned>::max() : enlarged_at_most) {
}

bool drain_pool::take_enlarged() noexcept {
  if (enlarged_left_ == 0)
    return false;
  --enlarged_left_;
  return true;
}

// -- log_pipe -----------------------------------------------------------------

log_pipe::log_pipe(event_loop& loop, drain_pool& pool, os::unique_fd fd, caf::weak_actor_ptr owner)
  : fd_(loop, std::move(fd), std::move(owner)), pool_(&pool) {
  // The fd is the keeper's as well, so this is set for all who hold it; they only hold.
  const int flags = fcntl(fd_.get(), F_GETFL);
  fcntl(fd_.get(), F_SETFL, flags | O_NONBLOCK);
  capacity_ = static_cast<uint32_t>(std::max(fcntl(fd_.get(), F_GETPIPE_SZ), 0));
}

log_pipe::log_pipe(log_pipe&& other) noexcept
  : fd_(std::move(other.fd_)), pool_(other.pool_), window_start_(other.window_start_), reads_(other.reads_),
    capacity_(other.capacity_), original_capacity_(std::exchange(other.original_capacity_, 0)) {
}

log_pipe& log_pipe::operator=(log_pipe&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::move(other.fd_);
    pool_ = other.pool_;
    window_start_ = other.window_start_;
    reads_ = other.reads_;
    capacity_ = other.capacity_;
    original_capacity_ = std::exchange(other.original_capacity_, 0);
  }
  return *this;
}

void log_pipe::arm() {
  fd_.arm(EPOLLIN);
}

void log_pipe::close() {
  release().reset();
}

os::unique_fd log_pipe::release() {
  if (std::exchange(original_capacity_, 0) != 0)
    pool_->give_back_enlarged();
  return fd_ ? fd_.release() : os::unique_fd{};
}

ssize_t log_pipe::read() {
  const auto buffer = pool_->buffer();
  ssize_t n = 0;
  do {
    n = ::read(fd_.get(), buffer.data(), buffer.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0 && errno != EAGAIN)
    return 0; // no pipe, or a broken one: nothing will ever come out of it
  return n;
}

size_t log_pipe::waiting() const {
  int bytes = 0;
  return ioctl(fd_.get(), FIONREAD, &bytes) == 0 ? static_cast<size_t>(bytes) : 0;
}

bool log_pipe::notice_flood(std::chrono::steady_clock::time_point now) {
  ++reads_;
  if (is_enlarged())
    return false;
  if (reads_ == 1)
    window_start_ = now;
  if (reads_ < flood_reads)
    return false;
  reads_ = 0;
  if (now - window_start_ > flood_window || capacity_ >= trickle_capacity || !pool_->take_enlarged())
    return false;
  const int enlarged = fcntl(fd_.get(), F_SETPIPE_SZ, enlarged_bytes);
  if (enlarged < 0) {
    pool_->give_back_enlarged();
    return false;
  }
  original_capacity_ = std::exchange(capacity_, static_cast<uint32_t>(enlarged));
  reads_ = flood_reads; // this second had its flood
  return true;
}

void log_pipe::shrink_if_quiet() {
  if (std::exchange(reads_, 0) >= flood_reads)
    return;
  // Fails with EBUSY where more is in the pipe than the smaller one would hold: then it is not quiet.
  const int shrunk = fcntl(fd_.get(), F_SETPIPE_SZ, static_cast<int>(original_capacity_));
  if (shrunk < 0)
    return;
  capacity_ = static_cast<uint32_t>(shrunk);
  original_capacity_ = 0;
  pool_->give_back_enlarged();
}

} // namespace procvisor::recorder
