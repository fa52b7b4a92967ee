#include "actors/recorder/log_stream.hpp"

#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "actors/support.hpp"
#include "core/json_text.hpp"
#include "rpc/wire.hpp"

namespace procvisor::recorder {

namespace {

/// Bytes of new lines that may wait for a slow client. The tails take no more than a block of lines beside it.
constexpr size_t max_waiting_bytes = 256 * 1024;
constexpr size_t tail_block_bytes = 64 * 1024;

std::string json_text(std::string_view text) {
  std::string quoted;
  append_json_text(quoted, text);
  return quoted;
}

/// The notification up to the value of its last member, which is for the caller to add, and `}}` after it.
std::string notification_head(std::string_view method, const log_source& source, std::string_view more) {
  const auto id = source.from == channel::journal ? int64_t{-1} : int64_t{static_cast<uint32_t>(source.id)};
  return fmt::format(R"({{"jsonrpc":"2.0","method":"{}","params":{{"id":{},"name":{},"stream":"{}",{})", method, id,
                     json_text(source.name), to_string(source.from), more);
}

void append_tail(std::string& to, const log_source& source, const std::vector<std::string_view>& lines) {
  to += notification_head("tail", source, fmt::format(R"("path":{},"lines":[)", json_text(source.path)));
  for (bool is_first = true; const auto line : lines) {
    if (!std::exchange(is_first, false))
      to += ',';
    append_json_text(to, line);
  }
  to += "]}}\n";
}

} // namespace

log_stream_state::log_stream_state(log_stream_actor::pointer self, os::unique_fd client, logs_request request)
  : self_(self), client_(event_loop::of(self->system()), std::move(client), self->ctrl()), request_(std::move(request)),
    ends_(request_.sources.size(), std::numeric_limits<off_t>::max()) {
}

log_stream_actor::behavior_type log_stream_state::make_behavior() {
  keep_quiet(self_);
  const auto me = caf::actor_cast<log_stream_actor>(self_);
  for (size_t i = 0; i < request_.sources.size(); ++i) {
    const auto& source = request_.sources[i];
    if (!source.writer)
      continue;
    line_prefixes_.emplace(std::pair{source.id, source.from}, notification_head("log", source, R"("line":)"));
    ++starts_missing_;
    // A writer that is gone has nothing to send any more: its file is read to the end.
    self_->request(source.writer, caf::infinite, follow{me, source.from})
        .then([this, i](const follow_start& start) { start_at(i, start.at); },
              [this, i](const caf::error&) { start_at(i, std::numeric_limits<off_t>::max()); });
  }
  begin_tails();
  return {
      [this](const fd_ready& ready) { on_ready(ready); },
      [this](const log_block& block) { on_block(block); },
      [this](const new_source& app) { add_prefixes(app); },
      [this](const finish&) {
        advance();
        self_->quit();
      },
  };
}

void log_stream_state::add_prefixes(const new_source& app) {
  for (const auto from : {channel::out, channel::err})
    line_prefixes_.insert_or_assign(
        std::pair{app.id, from},
        notification_head("log", {.id = app.id, .name = app.name, .from = from, .path = {}}, R"("line":)"));
}

void log_stream_state::start_at(size_t source, off_t end) {
  ends_[source] = end;
  begin_tails();
}

void log_stream_state::begin_tails() {
  if (--starts_missing_ > 0)
    return;
  for (size_t i = 0; i < request_.sources.size(); ++i) {
    const auto& source = request_.sources[i];
    struct stat about {};
    if (!source.path.empty() && stat(source.path.c_str(), &about) == 0)
      tails_.push_back({&source, ends_[i], about.st_mtim});
  }
  // Instances may share a file: it is shown once, up to the furthest place where lines begin.
  std::sort(tails_.begin(), tails_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.source->path, b.end) < std::tie(b.source->path, a.end);
  });
  tails_.erase(std::unique(tails_.begin(), tails_.end(),
                           [](const auto& a, const auto& b) { return a.source->path == b.source->path; }),
               tails_.end());
  std::stable_sort(tails_.begin(), tails_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.modified.tv_sec, a.modified.tv_nsec) > std::tie(b.modified.tv_sec, b.modified.tv_nsec);
  });
  phase_ = phase::tails;
  client_.arm(input_ | EPOLLOUT);
}

void log_stream_state::on_block(const log_block& block) {
  std::string_view rest = *block.lines;
  const auto prefix = line_prefixes_.find({block.id, block.from});
  if (prefix == line_prefixes_.end())
    return;
  auto& to = phase_ == phase::live ? outbox_ : held_;
  while (!rest.empty()) {
    if (!has_room()) {
      skipped_ += static_cast<size_t>(std::count(rest.begin(), rest.end(), '\n'));
      break;
    }
    const auto newline = rest.find('\n');
    to += prefix->second;
    append_json_text(to, rest.substr(0, newline));
    to += "}}\n";
    rest.remove_prefix(newline + 1);
  }
  if (phase_ == phase::live)
    advance();
}

void log_stream_state::on_ready(const fd_ready& ready) {
  if ((ready.events & (EPOLLHUP | EPOLLERR)) != 0)
    return self_->quit();
  if ((ready.events & EPOLLIN) != 0) {
    std::array<char, 4096> unread;
    if (recv(client_.get(), unread.data(), unread.size(), MSG_DONTWAIT) == 0)
      input_ = 0;
  }
  advance();
}

void log_stream_state::advance() {
  if (phase_ == phase::tails)
    render_tails();
  if (!outbox_.empty()) {
    const auto n = send(client_.get(), outbox_.data(), outbox_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
      return self_->quit();
    outbox_.erase(0, static_cast<size_t>(std::max<ssize_t>(n, 0)));
  }
  note_skipped();
  if (phase_ == phase::closing && outbox_.empty())
    return self_->quit();
  const bool has_more = !outbox_.empty() || phase_ == phase::tails;
  client_.arm(input_ | (has_more ? uint32_t{EPOLLOUT} : 0));
}

void log_stream_state::render_tails() {
  while (outbox_.size() < tail_block_bytes) {
    if (!current_.done()) {
      if (const auto lines = current_.next_lines(); !lines.empty())
        append_tail(outbox_, *current_source_, lines);
      continue;
    }
    if (tails_.empty()) {
      if (request_.follows) {
        outbox_ += R"({"jsonrpc":"2.0","method":"live","params":{}})"
                   "\n";
        outbox_ += std::exchange(held_, {});
        phase_ = phase::live;
      } else {
        outbox_ += fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{{}},"protocol":{}}})"
                               "\n",
                               request_.request_id, rpc::protocol_version);
        phase_ = phase::closing;
      }
      return;
    }
    const auto next = tails_.back();
    tails_.pop_back();
    current_source_ = next.source;
    current_ = os::file_tail{next.source->path, 0, next.end, request_.lines};
  }
}

bool log_stream_state::has_room() const noexcept {
  // Once lines are skipped, all are until note_skipped() has said so: what is sent stays in order.
  return skipped_ == 0 && outbox_.size() + held_.size() < max_waiting_bytes;
}

void log_stream_state::note_skipped() {
  if (skipped_ == 0 || phase_ != phase::live || outbox_.size() > max_waiting_bytes / 2)
    return;
  log_source here;
  here.name = "procvisor";
  here.from = channel::journal;
  outbox_ += notification_head("log", here, R"("line":)");
  outbox_ += json_text(fmt::format("[procvisor] {} lines were skipped: this client reads more slowly than they come",
                                   std::exchange(skipped_, 0)));
  outbox_ += "}}\n";
}

} // namespace procvisor::recorder
