#include "actors/recorder/journal.hpp"

#include <cstdio>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "actors/support.hpp"

namespace procvisor::recorder {

namespace {

constexpr off_t rotate_at = 10 * 1024 * 1024;
constexpr int kept_files = 3;

} // namespace

journal_state::journal_state(journal_actor::pointer self, std::string path) : self_(self) {
  // There is nowhere to write about trouble with this file; the losses are counted in it.
  (void)file_.open(path, self_->clock().now());
}

journal_actor::behavior_type journal_state::make_behavior() {
  keep_quiet(self_);
  self_->set_down_handler([this](caf::down_msg& down) { fanout_.remove(down.source); });
  return {
      [this](const journal_line& line) { on_line(line.text + '\n'); },
      [this](const follow& wanted) { return on_follow(wanted.follower); },
      [this](const reopen&) { return file_.open(file_.path(), self_->clock().now()); },
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
  if (file_.size() >= rotate_at)
    rotate();
}

follow_start journal_state::on_follow(const log_stream_actor& follower) {
  self_->monitor(follower);
  fanout_.add(follower);
  return {file_.size()};
}

void journal_state::rotate() {
  const auto path = file_.path();
  for (int i = kept_files; i > 1; --i)
    (void)rename(fmt::format("{}.{}", path, i - 1).c_str(), fmt::format("{}.{}", path, i).c_str());
  (void)rename(path.c_str(), fmt::format("{}.1", path).c_str());
  (void)file_.open(path, self_->clock().now());
}

} // namespace procvisor::recorder
