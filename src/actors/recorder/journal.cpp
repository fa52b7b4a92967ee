#include "actors/recorder/journal.hpp"

#include <span>
#include <utility>

#include "actors/support.hpp"

namespace procvisor::recorder {

namespace {

constexpr log_limits limits{.max_size = uint64_t{10} << 20, .keep = 3};

} // namespace

journal_state::journal_state(journal_actor::pointer self, std::string path) : self_(self) {
  // There is nowhere to write about trouble with this file; the losses are counted in it.
  (void)file_.open(std::move(path), limits, self_->clock().now());
}

journal_actor::behavior_type journal_state::make_behavior() {
  keep_quiet(self_);
  self_->set_down_handler([this](caf::down_msg& down) { fanout_.remove(down.source); });
  return {
      [this](const journal_line& line) { on_line(line.text + '\n'); },
      [this](const follow& wanted) { return on_follow(wanted.follower); },
      [this](const reopen&) { return file_.open_again(self_->clock().now()); },
      [this](const finish&) {
        file_.note_losses();
        self_->quit();
      },
  };
}

void journal_state::on_line(const std::string& text) {
  (void)file_.append(std::as_bytes(std::span{text}), self_->clock().now());
  if (fanout_.has_followers())
    fanout_.feed(process_id{}, channel::journal, text);
}

follow_start journal_state::on_follow(const log_stream_actor& follower) {
  self_->monitor(follower);
  fanout_.add(follower);
  return {file_.size()};
}

} // namespace procvisor::recorder
