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
  pending_ = wanted.content;
  if (pauses_)
    return;
  write_pending();
  pauses_ = true;
  self_->run_delayed(pause_between_writes, [this] {
    pauses_ = false;
    if (pending_)
      on_save(save{pending_});
  });
}

void state_file_state::write_pending() {
  if (!pending_)
    return;
  const int failed = os::replace_file(path_, pending_->get());
  pending_.reset();
  caf::anon_send(root_, saved{path_, failed == 0 ? std::string{} : strerror(failed)});
}

} // namespace procvisor::recorder
