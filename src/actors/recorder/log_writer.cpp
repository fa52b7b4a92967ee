#include "actors/recorder/log_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <span>
#include <utility>

#include <caf/send.hpp>
#include <fmt/format.h>

#include "actors/support.hpp"
#include "os/file_append.hpp"
#include "os/file_tail.hpp"

namespace procvisor::recorder {

namespace {

/// What one stream may move before the others have their turn.
constexpr size_t bytes_per_turn = 1024 * 1024;

/// With 1 MiB of pipe and a write for each line: 581 MiB/s with the pause, 176 without (experiments.md).
constexpr auto rest_of_a_trickle = std::chrono::milliseconds{1};
constexpr auto quiet_after = std::chrono::seconds{1};

constexpr size_t max_last_errors_bytes = 16 * 1024;
constexpr size_t remembered_bytes = 8 * 1024;

/// An unfinished line at the end counts as one.
std::string_view last_lines(std::string_view text, size_t lines) {
  auto begin = text.size();
  for (; lines > 0 && begin > 0; --lines) {
    const auto newline = begin > 1 ? text.rfind('\n', begin - 2) : std::string_view::npos;
    begin = newline == std::string_view::npos ? 0 : newline + 1;
  }
  return text.substr(begin);
}

} // namespace

log_writer_state::log_writer_state(log_writer_actor::pointer self, process_id id, recorder_actor root, drain_pool& pool)
  : self_(self), root_(std::move(root)), pool_(pool), id_(id) {
}

log_writer_actor::behavior_type log_writer_state::make_behavior() {
  keep_quiet(self_);
  self_->set_exception_handler([this](std::exception_ptr& thrown) { return hand_over(thrown); });
  self_->set_down_handler([this](caf::down_msg& down) { on_down(down.source); });
  return {
      [this](const fd_ready& ready) { on_ready(ready.token); },
      [this](const launch_opened& opened) { on_opened(opened); },
      [this](const launch_ended& ended) { on_ended(ended.gen); },
      [this](const forget&) { on_forget(); },
      [this](const log_rotated& rotated) { on_rotated(rotated); },
      [this](const finish&) { on_finish(); },
      [this](const follow& wanted) { return on_follow(wanted); },
      [this](const tail& wanted) { return last_errors(wanted); },
      [this](const reopen&) { return on_reopen(); },
  };
}

// -- launches -----------------------------------------------------------------

void log_writer_state::on_opened(const launch_opened& opened) {
  if (find(opened.gen) != nullptr || !opened.pipes)
    return; // a new daemon passes on what is ours already, or what has ended
  for (auto& earlier : launches_)
    drain_waiting(earlier);
  drop_ended_launches();

  const auto now = self_->clock().now();
  shares_sink_ = !opened.out.empty() && opened.out == opened.err;
  tell(sinks_[0].open(opened.out, opened.limits, now));
  tell(sinks_[1].open(shares_sink_ ? std::string{} : opened.err, opened.limits, now));
  if (!opened.log.empty() && !combined_)
    combined_ = std::make_unique<log_sink>();
  if (combined_)
    tell(combined_->open(opened.log, opened.limits, now));
  errors_from_ = sink(1).size();
  remembers_errors_ = opened.err.empty() || shares_sink_ || !opened.style.passes_through();
  recent_errors_ = {};

  newest_ = opened;
  newest_.pipes.reset();
  if (opened.pid != 0)
    write_pid_file(opened.pid);

  auto& loop = event_loop::of(self_->system());
  auto& added = launches_.emplace_back();
  added.gen = opened.gen;
  added.pid = opened.pid;
  added.pipes[0] = log_pipe{loop, pool_, std::move(opened.pipes->out), self_->ctrl()};
  added.pipes[1] = log_pipe{loop, pool_, std::move(opened.pipes->err), self_->ctrl()};
  if (!opened.style.passes_through())
    added.format = std::make_unique<launch_format>(opened.style, id_, opened.app_name);
  for (auto& pipe : added.pipes)
    pipe.arm();
}

void log_writer_state::on_ended(generation gen) {
  if (auto* over = find(gen); over != nullptr) {
    over->is_over = true;
    drain_to_the_end(*over);
  }
  note_losses();
  if (gen == newest_.gen && !newest_.pid_file.empty()) {
    // The successor of a reload that has failed leaves the one that it should have replaced.
    const auto serves = std::ranges::find_if(launches_, [](const auto& one) { return !one.is_over && one.pid != 0; });
    if (serves != launches_.end())
      write_pid_file(serves->pid);
    else
      unlink(newest_.pid_file.c_str());
  }
  caf::anon_send(root_, launch_drained{id_, gen});
  drop_ended_launches();
}

void log_writer_state::write_pid_file(pid_t pid) {
  if (newest_.pid_file.empty())
    return;
  if (const int failed = os::write_file(newest_.pid_file, fmt::format("{}\n", pid)); failed != 0)
    tell(fmt::format("cannot write '{}': {}, going on without it", newest_.pid_file, strerror(failed)));
}

void log_writer_state::on_forget() {
  is_forgotten_ = true;
  drop_ended_launches();
}

std::vector<log_sink*> log_writer_state::files() {
  std::vector<log_sink*> all{&sinks_[0], &sinks_[1]};
  if (combined_)
    all.push_back(combined_.get());
  return all;
}

void log_writer_state::on_finish() {
  for (auto& each : launches_)
    drain_to_the_end(each);
  note_losses();
  self_->quit();
}

std::string log_writer_state::on_reopen() {
  const auto now = self_->clock().now();
  std::string trouble_text;
  for (auto* each : files())
    if (auto found = each->open_again(now); !found.empty())
      trouble_text = std::move(found);
  if (sink(1).size() < errors_from_)
    errors_from_ = 0; // another file now
  return trouble_text;
}

log_writer_state::launch* log_writer_state::find(generation gen) noexcept {
  const auto found =
      std::find_if(launches_.begin(), launches_.end(), [gen](const auto& each) { return each.gen == gen; });
  return found == launches_.end() ? nullptr : &*found;
}

void log_writer_state::drop_ended_launches() {
  std::erase_if(launches_, [](const launch& each) { return !each.pipes[0].is_open() && !each.pipes[1].is_open(); });
  if (is_forgotten_ && launches_.empty())
    self_->quit();
}

caf::error log_writer_state::hand_over(const std::exception_ptr& thrown) {
  auto reason = to_error(thrown);
  writer_failed last_words{id_, caf::to_string(reason), {}};
  for (auto& each : launches_) {
    auto opened = newest_;
    opened.gen = each.gen;
    opened.pid = each.gen == newest_.gen ? newest_.pid : 0;
    opened.pipes = std::make_shared<launch_pipes>();
    opened.pipes->out = each.pipes[0].release();
    opened.pipes->err = each.pipes[1].release();
    last_words.launches.push_back(std::move(opened));
  }
  caf::anon_send(root_, std::move(last_words));
  return reason;
}

// -- from pipe to file --------------------------------------------------------

void log_writer_state::on_ready(uint64_t token) {
  for (auto& from : launches_) {
    for (size_t stream = 0; stream < streams; ++stream) {
      if (from.pipes[stream].is_open() && from.pipes[stream].token() == token)
        return drain_turn(from, stream, false);
    }
  }
}

void log_writer_state::drain_turn(launch& from, size_t stream, bool after_pause) {
  auto& pipe = from.pipes[stream];
  for (size_t moved = 0; moved < bytes_per_turn;) {
    const auto n = pipe.read();
    if (n < 0)
      break;
    take(from, stream, static_cast<size_t>(n));
    if (n == 0)
      return drop_ended_launches();
    moved += static_cast<size_t>(n);
    if (pipe.notice_flood(self_->clock().now()))
      watch_for_quiet(from.gen, stream);
    const bool may_hold_more = static_cast<size_t>(n) == pool_.buffer().size();
    if (may_hold_more)
      continue;
    if (pipe.is_trickle(moved, after_pause)) {
      pipe.disarm();
      return rest(from.gen, stream);
    }
    break;
  }
  pipe.arm();
}

void log_writer_state::drain_waiting(launch& from) {
  for (size_t stream = 0; stream < streams; ++stream) {
    auto& pipe = from.pipes[stream];
    if (!pipe.is_open())
      continue;
    ssize_t n = 0;
    for (auto left = static_cast<ssize_t>(pipe.waiting()); left >= 0; left -= n) {
      n = pipe.read();
      if (n < 0)
        break;
      take(from, stream, static_cast<size_t>(n));
      if (n == 0)
        break;
    }
  }
}

void log_writer_state::drain_to_the_end(launch& over) {
  drain_waiting(over);
  for (size_t stream = 0; stream < streams; ++stream)
    finish_line(over, stream);
}

void log_writer_state::take(launch& from, size_t stream, size_t bytes) {
  if (bytes == 0) {
    from.pipes[stream].close();
    finish_line(from, stream);
    if (fanouts_[stream])
      fanouts_[stream]->end_line(id_, channels[stream]);
    return;
  }
  const std::string_view taken{reinterpret_cast<const char*>(pool_.buffer().data()), bytes};
  if (remembers_errors_ && channels[stream] == channel::err && from.gen == newest_.gen)
    remember_errors(taken);
  if (!from.format)
    return store(stream, taken);
  for (auto rest = taken; !rest.empty();) {
    auto& block = pool_.fresh_block();
    rest.remove_prefix(from.format->feed(stream, rest, block));
    store(stream, block);
  }
}

void log_writer_state::finish_line(launch& from, size_t stream) {
  if (!from.format)
    return;
  auto& block = pool_.fresh_block();
  from.format->finish(stream, block);
  store(stream, block);
}

void log_writer_state::store(size_t stream, std::string_view text) {
  if (text.empty())
    return;
  const auto now = self_->clock().now();
  const auto bytes = std::as_bytes(std::span{text});
  auto& own = sink(stream);
  append_to(own, bytes, now);
  if (combined_ && combined_->path() != own.path()) // or each line would stand in it twice
    append_to(*combined_, bytes, now);
  if (fanouts_[stream] && !newest_.is_silent)
    fanouts_[stream]->feed(id_, channels[stream], text);
}

void log_writer_state::append_to(log_sink& file, std::span<const std::byte> bytes, log_sink::time_point now) {
  tell(file.append(bytes, now));
  if (!file.take_rotated())
    return;
  if (&file == &sink(1))
    errors_from_ = 0;
  caf::anon_send(root_, log_rotated{file.path(), file.limits().compress});
}

void log_writer_state::on_rotated(const log_rotated& rotated) {
  for (auto* each : files())
    if (each->path() == rotated.path)
      tell(each->follow_rotation(self_->clock().now()));
}

void log_writer_state::remember_errors(std::string_view bytes) {
  if (bytes.size() >= remembered_bytes)
    recent_errors_ = bytes.substr(bytes.size() - remembered_bytes);
  else
    recent_errors_ += bytes;
  if (recent_errors_.size() > 2 * remembered_bytes)
    recent_errors_.erase(0, recent_errors_.size() - remembered_bytes);
}

void log_writer_state::note_losses() {
  for (auto* each : files())
    each->note_losses();
}

void log_writer_state::rest(generation gen, size_t stream) {
  self_->run_delayed(rest_of_a_trickle, [this, gen, stream] {
    if (auto* from = find(gen); from != nullptr && from->pipes[stream].is_open())
      drain_turn(*from, stream, true);
  });
}

void log_writer_state::watch_for_quiet(generation gen, size_t stream) {
  self_->run_delayed(quiet_after, [this, gen, stream] {
    auto* from = find(gen);
    if (from == nullptr || !from->pipes[stream].is_open())
      return;
    from->pipes[stream].shrink_if_quiet();
    if (from->pipes[stream].is_enlarged())
      watch_for_quiet(gen, stream);
  });
}

void log_writer_state::tell(std::string trouble_text) {
  if (!trouble_text.empty())
    caf::anon_send(root_, trouble{id_, std::move(trouble_text)});
}

// -- readers ------------------------------------------------------------------

follow_start log_writer_state::on_follow(const follow& wanted) {
  const size_t stream = wanted.from == channel::err ? 1 : 0;
  auto& fanout = fanouts_[stream];
  const auto size = shown(stream).size();
  if (!fanout)
    fanout = std::make_unique<line_fanout>(os::unfinished_line(shown(stream).path(), size));
  fanout->add(wanted.follower);
  self_->monitor(wanted.follower);
  return {std::max<off_t>(size - static_cast<off_t>(fanout->unfinished_bytes()), 0)};
}

void log_writer_state::on_down(const caf::actor_addr& follower) {
  for (auto& fanout : fanouts_) {
    if (!fanout)
      continue;
    fanout->remove(follower);
    if (!fanout->has_followers())
      fanout.reset();
  }
}

std::string log_writer_state::last_errors(const tail& wanted) {
  if (wanted.gen != newest_.gen)
    return {};
  for (auto& each : launches_)
    drain_waiting(each);
  drop_ended_launches();
  if (remembers_errors_) {
    std::string text{last_lines(recent_errors_, wanted.lines)};
    if (!text.empty() && !text.ends_with('\n'))
      text += '\n';
    return text;
  }
  const auto& errors = sink(1);
  const auto size = errors.size();
  os::file_tail file{errors.path(), size < errors_from_ ? 0 : errors_from_, size, wanted.lines}; // flushed meanwhile?
  std::string text;
  while (!file.done()) {
    for (const auto line : file.next_lines())
      text.append(line).append(1, '\n');
    if (text.size() > max_last_errors_bytes)
      text.erase(0, text.size() - max_last_errors_bytes);
  }
  return text;
}

} // namespace procvisor::recorder
