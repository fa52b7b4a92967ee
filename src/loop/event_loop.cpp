#include "loop/event_loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <limits>
#include <span>
#include <system_error>
#include <utility>

#include <caf/action.hpp>
#include <caf/actor_registry.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <caf/resumable.hpp>

namespace procvisor {

namespace {

/// Messages an actor may take before the others have their turn.
constexpr size_t throughput = 64;
/// Jobs between two looks at the fds.
constexpr size_t jobs_between_polls = 256;

/// Before Linux 5.11 in milliseconds, rounded up: an entry of the clock is never due too early.
int wait_for_events(int epoll, std::span<epoll_event> ready, const timespec* limit) {
  const int n = epoll_pwait2(epoll, ready.data(), static_cast<int>(ready.size()), limit, nullptr);
  if (n >= 0 || errno != ENOSYS)
    return n;
  int milliseconds = -1;
  if (limit != nullptr) {
    const auto left = std::chrono::seconds{limit->tv_sec} + std::chrono::nanoseconds{limit->tv_nsec};
    const auto most = std::chrono::milliseconds{std::numeric_limits<int>::max()};
    milliseconds = static_cast<int>(std::min(std::chrono::ceil<std::chrono::milliseconds>(left), most).count());
  }
  return epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()), milliseconds);
}

constexpr uint64_t make_token(uint32_t index, uint32_t generation) {
  return (uint64_t{generation} << 32) | index;
}
constexpr uint32_t index_of(uint64_t token) {
  return static_cast<uint32_t>(token);
}
constexpr uint32_t generation_of(uint64_t token) {
  return static_cast<uint32_t>(token >> 32);
}

} // namespace

// -- loop_clock ---------------------------------------------------------------

loop_clock::time_point loop_clock::now() const noexcept {
  return fake_ ? fake_now_ : clock_type::now();
}

caf::disposable loop_clock::schedule_periodically(time_point first_run, caf::action f, duration_type period) {
  if (entries_.size() >= sweep_at_)
    drop_disposed();
  auto handle = f.as_disposable();
  entries_.emplace(first_run, entry{std::move(f), period});
  return handle;
}

void loop_clock::drop_disposed() {
  std::erase_if(entries_, [](const auto& item) { return item.second.f.disposed(); });
  sweep_at_ = std::max<size_t>(64, entries_.size() * 2);
}

loop_clock::time_point loop_clock::next_due() {
  while (!entries_.empty() && entries_.begin()->second.f.disposed())
    entries_.erase(entries_.begin());
  return entries_.empty() ? time_point::max() : entries_.begin()->first;
}

size_t loop_clock::run_due() {
  size_t ran = 0;
  const auto until = now();
  while (next_due() <= until) {
    auto node = entries_.extract(entries_.begin());
    auto& [f, period] = node.mapped();
    if (f.run() == caf::action::transition::success && period.count() > 0) {
      node.key() = std::max(node.key() + period, until);
      entries_.insert(std::move(node));
    }
    ++ran;
  }
  return ran;
}

// -- event_loop ---------------------------------------------------------------

event_loop::event_loop(caf::actor_system& system, bool fake_clock)
  : abstract_coordinator(system), execution_unit(&system), epoll_(epoll_create1(EPOLL_CLOEXEC)), clock_(fake_clock) {
  if (!epoll_)
    throw std::system_error(errno, std::system_category(), "epoll_create1");
}

event_loop::~event_loop() = default;

event_loop& event_loop::of(caf::actor_system& system) {
  return static_cast<event_loop&>(system.scheduler());
}

void event_loop::start() {
  // The base class would start a printer on a thread of its own; nobody prints.
}

void event_loop::stop() {
  clock_.clear();
  while (!jobs_.empty())
    run_jobs(jobs_.size());
}

void event_loop::enqueue(caf::resumable* job) {
  jobs_.push_back(job);
}

void event_loop::run_jobs(size_t at_most) {
  for (; at_most > 0 && !jobs_.empty(); --at_most) {
    auto* job = jobs_.front();
    jobs_.pop_front();
    switch (job->resume(this, throughput)) {
      case caf::resumable::resume_later:
        jobs_.push_back(job);
        break;
      case caf::resumable::done:
      case caf::resumable::awaiting_message:
        caf::intrusive_ptr_release(job);
        break;
      case caf::resumable::shutdown_execution_unit:
        break;
    }
  }
}

void event_loop::wait_and_dispatch(bool may_block) {
  timespec timeout{};
  timespec* limit = &timeout;
  if (may_block) {
    const auto due = clock_.next_due();
    if (due == loop_clock::time_point::max()) {
      limit = nullptr;
    } else if (const auto left = due - clock_.now(); left.count() > 0) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
      timeout = {seconds.count(), (std::chrono::nanoseconds{left} - seconds).count()};
    }
  }
  std::array<epoll_event, 128> ready;
  const int n = wait_for_events(epoll_.get(), ready, limit);
  for (int i = 0; i < n; ++i) {
    const auto& event = ready[static_cast<size_t>(i)];
    const auto& at = slots_[index_of(event.data.u64)];
    if (at.fd < 0 || at.generation != generation_of(event.data.u64))
      continue; // removed by a job since the wait
    if (auto owner = caf::actor_cast<caf::strong_actor_ptr>(at.owner))
      owner->enqueue(nullptr, caf::make_message_id(), caf::make_message(fd_ready{event.data.u64, event.events}), this);
  }
  clock_.run_due();
}

void event_loop::run() {
  while (abstract_coordinator::system().registry().running() > 0) {
    run_jobs(jobs_between_polls);
    wait_and_dispatch(jobs_.empty() && abstract_coordinator::system().registry().running() > 0);
  }
}

void event_loop::run_until_quiet() {
  do {
    while (!jobs_.empty())
      run_jobs(jobs_.size());
    wait_and_dispatch(false);
  } while (!jobs_.empty());
}

void event_loop::advance(caf::actor_clock::duration_type by) {
  assert(clock_.is_fake());
  run_until_quiet();
  const auto until = clock_.now() + by;
  while (clock_.next_due() <= until) {
    clock_.advance(std::max(clock_.next_due() - clock_.now(), caf::actor_clock::duration_type{0}));
    run_until_quiet();
  }
  clock_.advance(until - clock_.now());
}

uint64_t event_loop::add(int fd, caf::weak_actor_ptr owner) {
  slot_index index;
  if (free_slots_.empty()) {
    index = static_cast<slot_index>(slots_.size());
    slots_.emplace_back();
  } else {
    index = free_slots_.back();
    free_slots_.pop_back();
  }
  auto& at = slots_[index];
  at = {.owner = std::move(owner), .generation = at.generation + 1, .fd = fd, .in_epoll = false};
  return make_token(index, at.generation);
}

void event_loop::arm(uint64_t token, uint32_t events) {
  auto& at = slots_[index_of(token)];
  assert(at.generation == generation_of(token));
  epoll_event event{};
  event.events = events | EPOLLONESHOT;
  event.data.u64 = token;
  // Added at its first arming: epoll would report a hang-up of an fd that nobody has asked about yet.
  if (epoll_ctl(epoll_.get(), at.in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, at.fd, &event) != 0)
    throw std::system_error(errno, std::system_category(), "epoll_ctl");
  at.in_epoll = true;
}

void event_loop::disarm(uint64_t token) {
  auto& at = slots_[index_of(token)];
  assert(at.generation == generation_of(token));
  if (std::exchange(at.in_epoll, false))
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, at.fd, nullptr);
}

void event_loop::remove(uint64_t token) {
  disarm(token);
  auto& at = slots_[index_of(token)];
  at.owner = nullptr;
  at.fd = -1;
  free_slots_.push_back(index_of(token));
}

// -- watched_fd ---------------------------------------------------------------

watched_fd::watched_fd(event_loop& loop, os::unique_fd fd, caf::weak_actor_ptr owner)
  : loop_(&loop), fd_(std::move(fd)), token_(loop.add(fd_.get(), std::move(owner))) {
}

watched_fd::watched_fd(watched_fd&& other) noexcept
  : loop_(std::exchange(other.loop_, nullptr)), fd_(std::move(other.fd_)), token_(std::exchange(other.token_, 0)) {
}

watched_fd& watched_fd::operator=(watched_fd&& other) noexcept {
  if (this != &other) {
    reset();
    loop_ = std::exchange(other.loop_, nullptr);
    fd_ = std::move(other.fd_);
    token_ = std::exchange(other.token_, 0);
  }
  return *this;
}

void watched_fd::arm(uint32_t events) {
  loop_->arm(token_, events);
}

void watched_fd::disarm() {
  loop_->disarm(token_);
}

os::unique_fd watched_fd::release() {
  if (fd_)
    loop_->remove(token_);
  loop_ = nullptr;
  token_ = 0;
  return std::move(fd_);
}

void watched_fd::reset() {
  release().reset();
}

// -- loop_config --------------------------------------------------------------

loop_config::loop_config(bool fake_clock) {
  caf::core::init_global_meta_objects();
  caf::init_global_meta_objects<caf::id_block::procvisor_loop>();
  module_factories.push_back([fake_clock](caf::actor_system& system) { return new event_loop(system, fake_clock); });
}

} // namespace procvisor
