#include "actors/wall_alarm.hpp"

#include <sys/epoll.h>

#include <utility>

#include "os/wall_alarm.hpp"

namespace procvisor {

namespace {

class loop_alarm : public wall_alarm {
public:
  loop_alarm(event_loop& loop, caf::weak_actor_ptr owner) {
    if (auto timer = os::make_wall_alarm())
      timer_ = watched_fd{loop, std::move(timer), std::move(owner)};
  }

  sys_second now() const override { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

  void set(std::optional<sys_second> at) override {
    if (!timer_)
      return;
    os::set_wall_alarm(timer_.get(), at);
    if (at)
      timer_.arm(EPOLLIN);
    else
      timer_.disarm();
  }

  bool takes(const fd_ready& ready) override {
    if (!timer_ || ready.token != timer_.token())
      return false;
    os::drain_wall_alarm(timer_.get());
    return true;
  }

private:
  watched_fd timer_;
};

} // namespace

std::unique_ptr<wall_alarm> make_wall_alarm(event_loop& loop, caf::weak_actor_ptr owner) {
  return std::make_unique<loop_alarm>(loop, std::move(owner));
}

} // namespace procvisor
