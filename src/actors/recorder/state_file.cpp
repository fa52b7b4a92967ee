#include "actors/recorder/state_file.hpp"

#include <cstring>
#include <utility>

#include <caf/send.hpp>

#include "actors/support.hpp"
#include "os/file_replace.hpp"

namespace procvisor::recorder {

namespace {

constexpr auto pause_between_writes = std::chrono::seconds{1};

} // namespace

state_file_state::state_file_state(state_file_actor::pointer self, std::string path, recorder_actor root)
  : self_(self), path_(std::move(path)), root_(std::move(root)) {
}

state_file_actor::behavior_type state_file_state::make_behavior() {
  keep_quiet(self_);
  return {
      [this](const save& wanted) { on_save(wanted); },
      [this](const finish&) {
        write_pending();
        self_->quit();
      },
  };
}

void state_file_state::on_save(const save& wanted) {
  pending_ = wanted;
  if (waits_)
    return;
  const auto now = self_->clock().now();
  if (now >= next_write_)
    return write_pending();
  waits_ = true;
  self_->run_delayed(next_write_ - now, [this] {
    waits_ = false;
    write_pending();
  });
}

void state_file_state::write_pending() {
  const auto [content, size, tag] = std::exchange(pending_, {});
  if (!content)
    return;
  next_write_ = self_->clock().now() + pause_between_writes;
  const int failed = os::replace_file(path_, content->get(), size);
  caf::anon_send(root_, saved{path_, tag, failed == 0 ? std::string{} : strerror(failed)});
}

} // namespace procvisor::recorder
