#include "actors/recorder_link.hpp"

#include <nlohmann/json.hpp>

#include "actors/support.hpp"
#include "rpc/recorder_wire.hpp"

namespace procvisor {

namespace {

using nlohmann::json;

/// How long a question waits for a recorder that may be stalled by a disk.
constexpr auto tail_limit = std::chrono::milliseconds{500};

constexpr auto write_as_is = json::error_handler_t::replace; // names and messages may hold any bytes

} // namespace

recorder_link_state::recorder_link_state(recorder_link_actor::pointer self, shared_fd socket)
  : self_(self), loop_(event_loop::of(self->system())),
    recorder_(loop_, std::move(*socket), caf::weak_actor_ptr{self->ctrl()}) {
}

recorder_link_actor::behavior_type recorder_link_state::make_behavior() {
  keep_quiet(self_);
  return {
      [this](const recorder_packet& packet) {
        std::vector<int> fds;
        for (const auto& fd : packet.fds)
          fds.push_back(fd->get());
        recorder_.send(packet.json, fds);
      },
      [this](const tail_stderr& wanted) { return on_tail(wanted); },
      [this](const new_recorder& anew) {
        answer_all_tails();
        recorder_ = packet_channel{loop_, std::move(*anew.socket), caf::weak_actor_ptr{self_->ctrl()}};
      },
      [this](const fd_ready& ready) {
        if (recorder_.owns(ready) && !recorder_.on_ready([this](const os::packet& received) { on_packet(received); }))
          answer_all_tails();
      },
  };
}

void recorder_link_state::on_packet(const os::packet& received) {
  const auto* text = reinterpret_cast<const char*>(received.bytes.data());
  const auto message = json::parse(text, text + received.bytes.size(), nullptr, false);
  if (!message.is_object())
    return;
  const auto what = message.value("op", "");
  if (what == recorder_wire::op::tail)
    return answer_tail(message.value("tag", uint64_t{0}), message.value("text", ""));
  if (what != recorder_wire::op::trouble)
    return;
  const auto line =
      journal_packet(severity::warning, std::to_string(message.value("id", 0U)), 0, message.value("text", ""));
  recorder_.send(line.json);
}

caf::result<std::string> recorder_link_state::on_tail(const tail_stderr& wanted) {
  auto answer = self_->make_response_promise<std::string>();
  if (!recorder_) {
    answer.deliver(std::string{});
    return answer;
  }
  const auto tag = ++newest_tag_;
  const json packet{{"op", recorder_wire::op::tail},
                    {"tag", tag},
                    {"id", static_cast<uint32_t>(wanted.id)},
                    {"generation", static_cast<uint64_t>(wanted.gen)},
                    {"lines", wanted.lines}};
  recorder_.send(packet.dump());
  tails_.emplace(tag, question{answer, self_->run_delayed(tail_limit, [this, tag] { answer_tail(tag, {}); })});
  return answer;
}

void recorder_link_state::answer_tail(uint64_t tag, std::string text) {
  auto asked = tails_.extract(tag);
  if (!asked)
    return;
  asked.mapped().limit.dispose();
  asked.mapped().answer.deliver(std::move(text));
}

void recorder_link_state::answer_all_tails() {
  while (!tails_.empty())
    answer_tail(tails_.begin()->first, {});
}

recorder_packet journal_packet(severity level, std::string_view label, pid_t pid, std::string_view text) {
  const json packet{{"op", recorder_wire::op::journal},
                    {"line", journal_line(wall_clock::now(), level, label, pid, text)}};
  return {packet.dump(-1, ' ', false, write_as_is), {}};
}

} // namespace procvisor
