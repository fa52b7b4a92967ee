#include "actors/recorder_link.hpp"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include <nlohmann/json.hpp>

#include "actors/support.hpp"
#include "core/wire_text.hpp"
#include "keeper/keeper.hpp"
#include "rpc/recorder_wire.hpp"

namespace procvisor {

using nlohmann::json;

namespace {

/// How long a question waits for a recorder that may be stalled by a disk.
constexpr auto tail_limit = std::chrono::milliseconds{500};
constexpr auto order_limit = std::chrono::seconds{5};

constexpr auto write_as_is = json::error_handler_t::replace; // names and messages may hold any bytes

} // namespace

recorder_link_state::recorder_link_state(recorder_link_actor::pointer self, shared_fd socket)
  : self_(self), loop_(event_loop::of(self->system())),
    recorder_(loop_, std::move(*socket), caf::weak_actor_ptr{self->ctrl()}) {
}

recorder_link_actor::behavior_type recorder_link_state::make_behavior() {
  keep_quiet(self_);
  self_->set_exit_handler([this](const caf::exit_msg& over) {
    // The last lines; a recorder that hangs is killed by the keeper, which has been told to end.
    while (over.reason == caf::exit_reason::user_shutdown && recorder_ && !backlog_.empty()) {
      recorder_.wait_for_room();
      send_waiting();
    }
    self_->quit(over.reason);
  });
  return {
      [this](const recorder_packet& packet) { send(packet); },
      [this](const tail_stderr& wanted) { return on_tail(wanted); },
      [this](const recorder_order& order) { return on_order(order); },
      [this](const save_file& wanted) { return on_save(wanted); },
      [this](const new_recorder& anew) {
        settle_all();
        recorder_ = packet_channel{loop_, std::move(*anew.socket), caf::weak_actor_ptr{self_->ctrl()}};
        backlog_.begin_anew();
        send_waiting();
        for (const auto& [path, file] : unsaved_)
          send_file(file);
      },
      [this](const fd_ready& ready) {
        if (!recorder_.owns(ready))
          return;
        if (!recorder_.on_ready([this](const os::packet& received) { on_packet(received); }))
          settle_all();
        send_waiting();
      },
  };
}

void recorder_link_state::send(recorder_packet packet) {
  if (backlog_.empty() && send_now(packet))
    backlog_.note_sent(packet);
  else
    backlog_.push(std::move(packet));
}

bool recorder_link_state::send_now(const recorder_packet& packet) {
  std::vector<int> fds;
  for (const auto& fd : packet.fds)
    fds.push_back(fd->get());
  return recorder_ && recorder_.try_send(packet.json, fds);
}

void recorder_link_state::send_waiting() {
  while (!backlog_.empty()) {
    if (!send_now(backlog_.front()))
      return;
    backlog_.pop();
  }
  if (const auto losses = backlog_.take_losses(); !losses.empty())
    send(journal_packet(severity::warning, "procvisor", getpid(), losses));
}

void recorder_link_state::on_packet(const os::packet& received) {
  const auto* text = reinterpret_cast<const char*>(received.bytes.data());
  const auto message = json::parse(text, text + received.bytes.size(), nullptr, false);
  if (!message.is_object())
    return;
  if (message.value("op", "") == recorder_wire::op::saved)
    return on_saved(message.value("path", ""), message.value("tag", uint64_t{0}), message.value("failed", ""));
  if (message.contains("tag"))
    return settle(message.value("tag", uint64_t{0}), message);
  if (message.value("op", "") != recorder_wire::op::trouble)
    return;
  send(journal_packet(severity::warning, std::to_string(message.value("id", 0U)), 0, message.value("text", "")));
}

caf::result<std::string> recorder_link_state::on_tail(const tail_stderr& wanted) {
  auto promise = self_->make_response_promise<std::string>();
  ask({{"op", recorder_wire::op::tail},
       {"id", static_cast<uint32_t>(wanted.id)},
       {"generation", static_cast<uint64_t>(wanted.gen)},
       {"lines", wanted.lines}},
      tail_limit, [promise](const json& answer) mutable {
        promise.deliver(answer.is_null() ? std::string{} : answer.value("text", ""));
      });
  return promise;
}

caf::result<order_outcome> recorder_link_state::on_order(const recorder_order& order) {
  auto promise = self_->make_response_promise<order_outcome>();
  ask(json::parse(order.json), order_limit, [promise](const json& answer) mutable {
    if (answer.is_null())
      promise.deliver(caf::make_error(caf::sec::request_timeout));
    else
      promise.deliver(order_outcome{answer.value("failed", std::vector<std::string>{})});
  });
  return promise;
}

void recorder_link_state::ask(json packet, std::chrono::milliseconds limit,
                              std::function<void(const json& answer)> settle_it) {
  if (!recorder_)
    return settle_it(nullptr);
  const auto tag = ++newest_tag_;
  packet["tag"] = tag;
  send({.what = recorder_packet::role::question, .json = packet.dump(-1, ' ', false, write_as_is), .tag = tag});
  questions_.emplace(tag,
                     question{std::move(settle_it), self_->run_delayed(limit, [this, tag] { settle(tag, nullptr); })});
}

void recorder_link_state::settle(uint64_t tag, const json& answer) {
  auto asked = questions_.extract(tag);
  if (!asked)
    return;
  asked.mapped().limit.dispose();
  backlog_.withdraw(tag);
  asked.mapped().settle(answer);
}

void recorder_link_state::settle_all() {
  while (!questions_.empty())
    settle(questions_.begin()->first, nullptr);
}

caf::result<std::string> recorder_link_state::on_save(const save_file& wanted) {
  auto answer = self_->make_response_promise<std::string>();
  auto& file = unsaved_[wanted.path];
  backlog_.withdraw(file.tag); // overtaken
  file.newest = wanted;
  file.tag = ++newest_tag_;
  file.waiting.emplace_back(file.tag, answer);
  send_file(file);
  return answer;
}

void recorder_link_state::send_file(const unsaved_file& file) {
  const json packet{
      {"op", recorder_wire::op::save}, {"path", file.newest.path}, {"size", file.newest.size}, {"tag", file.tag}};
  send({.what = recorder_packet::role::question,
        .json = packet.dump(-1, ' ', false, write_as_is),
        .fds = {file.newest.content},
        .tag = file.tag});
}

void recorder_link_state::on_saved(const std::string& path, uint64_t tag, const std::string& failed) {
  const auto at = unsaved_.find(path);
  if (at == unsaved_.end())
    return;
  auto& waiting = at->second.waiting; // those before the tag were overtaken by it
  for (auto& [asked, answer] : waiting)
    if (asked <= tag)
      answer.deliver(failed);
  std::erase_if(waiting, [tag](const auto& one) { return one.first <= tag; });
  if (waiting.empty())
    unsaved_.erase(at);
}

namespace {

log_limits limits_of(const app_spec& spec) {
  return {.max_size = spec.log_max_size,
          .max_total = spec.log_max_total,
          .keep = spec.log_keep,
          .interval = spec.log_rotate_interval,
          .compress = spec.log_compress};
}

} // namespace

recorder_packet open_packet(process_id id, generation gen, pid_t pid, const app_spec& spec, const log_paths& files,
                            std::vector<shared_fd> fds) {
  const auto style = log_style_of(spec, files);
  json packet{
      {"op", recorder_wire::op::open},
      {"id", static_cast<uint32_t>(id)},
      {"generation", static_cast<uint64_t>(gen)},
      {"pid", pid},
      {"name", spec.name},
      {"out", to_wire_text(files.out)},
      {"error", to_wire_text(files.error)},
      {"log", to_wire_text(files.log)},
      {"pid_file", to_wire_text(files.pid_file)},
      {"log_type", to_string(style.kind)},
      {"log_date_format", to_wire_text(style.date_format)},
      {"whole_lines", style.whole_lines},
      {"silent", spec.disable_logs},
  };
  if (const auto limits = limits_of(spec); limits != log_limits{})
    packet["limits"] = {{"max_size", limits.max_size},
                        {"interval", to_string(limits.interval)},
                        {"keep", limits.keep},
                        {"compress", limits.compress},
                        {"max_total", limits.max_total}};
  return {.what = recorder_packet::role::launch,
          .json = packet.dump(-1, ' ', false, write_as_is),
          .fds = std::move(fds),
          .id = id,
          .gen = gen};
}

recorder_packet journal_packet(severity level, std::string_view label, pid_t pid, std::string_view text) {
  const json packet{{"op", recorder_wire::op::journal},
                    {"line", journal_line(wall_clock::now(), level, label, pid, text)}};
  return {.what = recorder_packet::role::line, .json = packet.dump(-1, ' ', false, write_as_is)};
}

bool is_verbose() {
  static const bool verbose = std::getenv(keeper::debug_variable) != nullptr;
  return verbose;
}

} // namespace procvisor
