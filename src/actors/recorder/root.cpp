#include "actors/recorder/root.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "actors/recorder/journal.hpp"
#include "actors/recorder/log_compressor.hpp"
#include "actors/recorder/log_writer.hpp"
#include "actors/recorder/state_file.hpp"
#include "actors/support.hpp"
#include "core/result.hpp"
#include "core/wire_text.hpp"
#include "os/file_append.hpp"
#include "rpc/recorder_wire.hpp"
#include "rpc/wire.hpp"

namespace procvisor::recorder {

namespace op = recorder_wire::op;

namespace {

/// Packets of the daemon between two looks at the other fds.
constexpr size_t packets_per_turn = 64;

/// Together they hold at most 32 MiB for clients that do not read (log_stream's max_waiting_bytes).
constexpr size_t max_streams = 128;

/// A log writer that fails so often has a bug that comes again; a new process gets its pipes from the keeper.
constexpr size_t failures_that_end = 3;
constexpr auto failures_within = std::chrono::seconds{10};

template <class Packet>
std::optional<Packet> read_as(const os::packet& packet) {
  Packet read;
  if (packet.bytes.size() < sizeof read)
    return std::nullopt;
  std::memcpy(&read, packet.bytes.data(), sizeof read);
  return read;
}

/// A path or a format of the user's. The daemon writes nothing else; from another version it may be anything.
std::string bytes_of(const nlohmann::json& text) {
  return from_wire_text(text.get<std::string>()).value_or("");
}

process_id id_of(const nlohmann::json& packet) {
  return process_id{packet.at("id").get<uint32_t>()};
}

generation generation_of(const nlohmann::json& packet) {
  return generation{packet.at("generation").get<uint64_t>()};
}

/// A daemon that has not been replaced yet may know less.
log_style style_of(const nlohmann::json& packet) {
  return {
      .kind = log_kind_of(packet.value("log_type", "")).value_or(log_kind::raw),
      .date_format = bytes_of(packet.value("log_date_format", "")),
      .whole_lines = packet.value("whole_lines", false),
  };
}

log_limits limits_of(const nlohmann::json& packet) {
  const log_limits usual;
  const auto said = packet.value("limits", nlohmann::json::object());
  return {
      .max_size = said.value("max_size", usual.max_size),
      .max_total = said.value("max_total", usual.max_total),
      .keep = said.value("keep", usual.keep),
      .interval = rotate_interval_of(said.value("interval", "")).value_or(usual.interval),
      .compress = said.value("compress", usual.compress),
  };
}

void refuse(int client, const nlohmann::json& request) {
  const nlohmann::json reply = {
      {"jsonrpc", "2.0"},
      {"id", request},
      {"error",
       {{"code", static_cast<int>(exit_code::other)},
        {"message", fmt::format("{} clients are reading logs already", max_streams)},
        {"data", {{"hint", "end one of them"}}}}},
      {"protocol", rpc::protocol_version},
  };
  const auto text = reply.dump() + '\n';
  (void)send(client, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL); // it is closed whether it reads or not
}

} // namespace

const std::array<root_state::operation, 9> root_state::operations{{
    {op::open, 2, &root_state::on_open},
    {op::ended, 0, &root_state::on_ended},
    {op::forget, 0, &root_state::on_forget},
    {op::journal, 0, &root_state::on_journal},
    {op::save, 1, &root_state::on_save},
    {op::logs, 1, &root_state::on_logs},
    {op::tail, 0, &root_state::on_tail},
    {op::flush, 0, &root_state::on_flush},
    {op::reopen, 0, &root_state::on_reopen},
}};

root_state::root_state(recorder_actor::pointer self, os::unique_fd keeper, std::string journal_path, drain_pool& pool,
                       bool keeps_state)
  : self_(self), pool_(pool), keeper_(event_loop::of(self->system()), std::move(keeper), self->ctrl()),
    journal_path_(std::move(journal_path)), keeps_state_(keeps_state) {
}

recorder_actor::behavior_type root_state::make_behavior() {
  keep_quiet(self_);
  self_->set_down_handler([this](caf::down_msg& down) { on_down(down.source); });
  journal_ = spawn_journal();
  keeper_.arm(EPOLLIN);
  return {
      [this](const fd_ready& ready) {
        if (keeper_ && ready.token == keeper_.token())
          on_keeper_ready();
        else if (daemon_ && ready.token == daemon_.token())
          on_daemon_ready();
      },
      [this](const launch_drained& drained) {
        answer({{"op", op::drained},
                {"id", static_cast<uint32_t>(drained.id)},
                {"generation", static_cast<uint64_t>(drained.gen)}});
      },
      [this](const trouble& found) {
        answer({{"op", op::trouble}, {"id", static_cast<uint32_t>(found.id)}, {"text", found.text}});
      },
      [this](const saved& done) {
        answer({{"op", op::saved}, {"path", done.path}, {"tag", done.tag}, {"failed", done.failed}});
      },
      [this](const writer_failed& last_words) { on_writer_failed(last_words); },
      [this](const log_rotated& rotated) { on_rotated(rotated); },
      [this](const compression_failed& failed) { note(failed.text); },
  };
}

// -- from the keeper ----------------------------------------------------------

void root_state::on_keeper_ready() {
  for (;;) {
    auto packet = os::receive_packet(keeper_.get());
    if (!packet && errno == EAGAIN)
      return keeper_.arm(EPOLLIN);
    if (!packet && errno == EMSGSIZE)
      continue;
    if (!packet || packet->bytes.empty() || !on_keeper_packet(std::move(*packet))) {
      keeper_.reset();
      return finish_all();
    }
  }
}

bool root_state::on_keeper_packet(os::packet packet) {
  const auto what = read_as<keeper::op>(packet);
  if (!what)
    return true;
  switch (*what) {
    case keeper::op::hello: {
      const auto hello = read_as<keeper::hello>(packet);
      if (hello && hello->version == keeper::wire_version) {
        meet_daemon(std::move(packet.fds));
        return true;
      }
      note("the keeper is of another version, ending");
      return false;
    }
    case keeper::op::peer:
      meet_daemon(std::move(packet.fds));
      return true;
    case keeper::op::held:
      if (const auto held = read_as<keeper::held>(packet))
        hold(held->key, std::move(packet.fds));
      return true;
    case keeper::op::end:
      return false;
    case keeper::op::reopen:
      reopen_all([this](const json& failed) {
        note("all log files are opened anew, for SIGUSR2", severity::info);
        for (const auto& trouble_text : failed)
          note(trouble_text.get_ref<const std::string&>());
      });
      return true;
    case keeper::op::held_all:
    case keeper::op::intend:
    case keeper::op::launched:
    case keeper::op::exited:
    case keeper::op::reap:
    case keeper::op::rejected:
    case keeper::op::terminate:
    case keeper::op::look:
    case keeper::op::orphans:
    case keeper::op::state:
    case keeper::op::socket:
    case keeper::op::adopt:
    case keeper::op::update:
    case keeper::op::refused:
    case keeper::op::leave:
      return true; // for the daemon
  }
  return true;
}

void root_state::meet_daemon(fd_list fds) {
  if (fds.empty())
    return;
  lose_daemon();
  daemon_ = watched_fd{event_loop::of(self_->system()), std::move(fds.front()), self_->ctrl()};
  arm_daemon();
}

void root_state::hold(const keeper::launch_key& key, fd_list fds) {
  if (fds.size() != 2)
    return;
  auto pipes = std::make_shared<launch_pipes>();
  pipes->out = std::move(fds[0]);
  pipes->err = std::move(fds[1]);
  held_.insert_or_assign({process_id{key.id}, generation{key.generation}}, std::move(pipes));
}

// -- from the daemon ----------------------------------------------------------

void root_state::on_daemon_ready() {
  flush_answers();
  for (size_t i = 0; i < packets_per_turn && phase_ == phase::serving && take_daemon_packet(); ++i)
    continue;
  arm_daemon();
}

bool root_state::take_daemon_packet() {
  if (!daemon_)
    return false;
  auto packet = os::receive_packet(daemon_.get());
  if (!packet && errno == EAGAIN)
    return false;
  if (!packet && errno == EMSGSIZE) {
    note("a packet of the daemon did not arrive whole, ignoring it");
    return true;
  }
  if (!packet || packet->bytes.empty()) {
    lose_daemon();
    return false;
  }
  on_daemon_packet(std::move(*packet));
  return true;
}

void root_state::on_daemon_packet(os::packet packet) {
  const auto* text = reinterpret_cast<const char*>(packet.bytes.data());
  try {
    const auto parsed = json::parse(text, text + packet.bytes.size());
    const auto& wanted = parsed.at("op").get_ref<const std::string&>();
    const auto found =
        std::find_if(operations.begin(), operations.end(), [&](const auto& each) { return each.name == wanted; });
    if (found == operations.end())
      return note(fmt::format("the daemon asked for '{}', which is unknown, ignoring it", wanted));
    const bool is_held = found->run == &root_state::on_open && packet.fds.empty();
    if (packet.fds.size() != found->fds && !is_held)
      return note(fmt::format("'{}' of the daemon came with {} descriptors, ignoring it", wanted, packet.fds.size()));
    (this->*found->run)(parsed, std::move(packet.fds));
  } catch (const json::exception& e) {
    note(fmt::format("a packet of the daemon was not understood, ignoring it: {}", e.what()));
  }
}

void root_state::on_open(const json& packet, fd_list fds) {
  const auto id = id_of(packet);
  const auto held = held_.extract({id, generation_of(packet)});
  launch_opened opened{
      .gen = generation_of(packet),
      .pid = packet.at("pid").get<pid_t>(),
      .app_name = packet.value("name", ""),
      .out = bytes_of(packet.at("out")),
      .err = bytes_of(packet.at("error")),
      .log = bytes_of(packet.value("log", "")),
      .pid_file = bytes_of(packet.at("pid_file")),
      .style = style_of(packet),
      .limits = limits_of(packet),
      .is_silent = packet.value("silent", false),
      .pipes = held ? held.mapped() : nullptr,
  };
  if (fds.size() == 2)
    opened.pipes = std::make_shared<launch_pipes>(launch_pipes{std::move(fds[0]), std::move(fds[1])});
  if (!opened.pipes)
    return; // what this recorder reads already, or what is over
  const bool is_new = !writers_.contains(id);
  const auto writer = writer_of(id);
  if (is_new)
    announce(writer, id, opened.app_name);
  self_->send(writer, std::move(opened));
}

void root_state::announce(const log_writer_actor& writer, process_id id, const std::string& app) {
  for (const auto& each : follow_all_) {
    self_->send(each.stream, new_source{id, app});
    if (each.wants_out)
      caf::anon_send(writer, follow{each.stream, channel::out});
    if (each.wants_err)
      caf::anon_send(writer, follow{each.stream, channel::err});
  }
}

void root_state::on_ended(const json& packet, fd_list) {
  const auto id = id_of(packet);
  const auto gen = generation_of(packet);
  held_.erase({id, gen});
  if (const auto writer = writers_.find(id); writer != writers_.end())
    self_->send(writer->second, launch_ended{gen});
  else
    self_->send(recorder_actor{self_}, launch_drained{id, gen});
}

void root_state::on_forget(const json& packet, fd_list) {
  const auto id = id_of(packet);
  std::erase_if(held_, [id](const auto& each) { return each.first.first == id; });
  auto writer = writers_.extract(id);
  if (!writer)
    return;
  self_->send(writer.mapped(), forget{});
  forgotten_.push_back(std::move(writer.mapped()));
}

void root_state::on_journal(const json& packet, fd_list) {
  self_->send(journal_, journal_line{packet.at("line").get<std::string>()});
}

void root_state::on_save(const json& packet, fd_list fds) {
  const auto path = packet.at("path").get<std::string>();
  if (!keeps_state_)
    return answer({{"op", op::saved}, {"path", path}, {"tag", packet.at("tag").get<uint64_t>()}, {"failed", ""}});
  auto& file = state_files_[path];
  if (!file) {
    file = self_->spawn<state_file_impl>(path, recorder_actor{self_});
    self_->monitor(file);
  }
  self_->send(file, save{.content = std::make_shared<const os::unique_fd>(std::move(fds.front())),
                         .size = packet.at("size").get<size_t>(),
                         .tag = packet.at("tag").get<uint64_t>()});
}

void root_state::on_logs(const json& packet, fd_list fds) {
  const auto& request_id = packet.at("request");
  if (streams_.size() >= max_streams)
    return refuse(fds.front().get(), request_id);
  logs_request request{
      .request_id = request_id.dump(),
      .lines = packet.at("lines").get<size_t>(),
      .follows = packet.at("follow").get<bool>(),
      .sources = {},
  };
  const bool follows_all = request.follows && packet.value("all", false);
  const bool wants_out = packet.at("out").get<bool>();
  const bool wants_err = packet.at("err").get<bool>();
  for (const auto& app : packet.at("apps")) {
    log_source source;
    source.id = id_of(app);
    source.name = app.at("name").get<std::string>();
    if (request.follows)
      source.writer = writer_of(source.id);
    if (wants_out) {
      source.from = channel::out;
      source.path = bytes_of(app.at("out"));
      request.sources.push_back(source);
    }
    if (wants_err) {
      source.from = channel::err;
      source.path = bytes_of(app.at("error"));
      request.sources.push_back(std::move(source));
    }
  }
  if (packet.at("journal").get<bool>()) {
    log_source source;
    source.name = "procvisor";
    source.from = channel::journal;
    source.path = journal_path_;
    if (request.follows)
      source.writer = journal_;
    request.sources.push_back(std::move(source));
  }
  streams_.push_back(self_->spawn<log_stream_impl>(std::move(fds.front()), std::move(request)));
  self_->monitor(streams_.back());
  if (follows_all)
    follow_all_.push_back({streams_.back(), wants_out, wants_err});
}

void root_state::on_tail(const json& packet, fd_list) {
  const auto reply = [this, id = id_of(packet), tag = packet.at("tag")](const std::string& text) {
    answer({{"op", op::tail}, {"tag", tag}, {"id", static_cast<uint32_t>(id)}, {"text", text}});
  };
  const auto writer = writers_.find(id_of(packet));
  if (writer == writers_.end())
    return reply({});
  self_->request(writer->second, caf::infinite, tail{generation_of(packet), packet.at("lines").get<size_t>()})
      .then(reply, [reply](const caf::error&) { reply({}); });
}

void root_state::on_flush(const json& packet, fd_list) {
  auto files = packet.at("files").get<std::vector<std::string>>();
  if (packet.at("journal").get<bool>())
    files.push_back(journal_path_);
  auto failed = json::array();
  for (const auto& file : files)
    if (const int error = os::empty_file(file); error != 0)
      failed.push_back(fmt::format("cannot empty '{}': {}", file, strerror(error)));
  answer({{"op", op::flush}, {"tag", packet.at("tag")}, {"failed", std::move(failed)}});
}

void root_state::on_reopen(const json& packet, fd_list) {
  reopen_all([this, tag = packet.at("tag")](const json& failed) {
    answer({{"op", op::reopen}, {"tag", tag}, {"failed", failed}});
  });
}

void root_state::reopen_all(std::function<void(const json& failed)> done) {
  struct gathering {
    size_t missing = 0;
    json failed = json::array();
    std::function<void(const json& failed)> done;
  };
  auto gathered = std::make_shared<gathering>();
  gathered->done = std::move(done);
  const auto took_note = [gathered](const std::string& trouble_text) {
    if (!trouble_text.empty())
      gathered->failed.push_back(trouble_text);
    if (--gathered->missing == 0)
      gathered->done(gathered->failed);
  };
  const auto ask = [&](const auto& owner_of_files) {
    ++gathered->missing;
    // Whoever has ended has no file open any more.
    self_->request(owner_of_files, caf::infinite, reopen{}).then(took_note, [took_note](const caf::error&) {
      took_note({});
    });
  };
  ask(journal_);
  for (const auto& [id, writer] : writers_)
    ask(writer);
  for (const auto& writer : forgotten_)
    ask(writer);
}

// -- to the daemon ------------------------------------------------------------

void root_state::answer(const json& packet) {
  if (!daemon_)
    return; // the next daemon asks anew
  answers_.push_back(packet.dump(-1, ' ', false, json::error_handler_t::replace));
  if (answers_.size() > 1)
    return; // the socket is full
  flush_answers();
  if (!answers_.empty())
    arm_daemon();
}

void root_state::flush_answers() {
  while (daemon_ && !answers_.empty()) {
    if (os::send_packet(daemon_.get(), std::as_bytes(std::span{answers_.front()})) == EAGAIN)
      return;
    answers_.pop_front(); // where it failed otherwise, its end will be read
  }
}

void root_state::arm_daemon() {
  const uint32_t in = phase_ == phase::serving ? EPOLLIN : 0U;
  const uint32_t out = answers_.empty() ? 0U : EPOLLOUT;
  if (daemon_ && (in | out) != 0)
    daemon_.arm(in | out);
}

void root_state::lose_daemon() {
  daemon_.reset();
  answers_.clear();
}

// -- the actors below ---------------------------------------------------------

journal_actor root_state::spawn_journal() {
  auto journal = self_->spawn<journal_impl>(journal_path_);
  self_->monitor(journal);
  return journal;
}

void root_state::on_rotated(const log_rotated& rotated) {
  for (const auto& [id, writer] : writers_)
    self_->send(writer, rotated);
  for (const auto& writer : forgotten_)
    self_->send(writer, rotated);
  if (!rotated.compress || phase_ != phase::serving)
    return;
  if (!compressor_)
    compressor_ = self_->spawn<log_compressor_impl, caf::monitored>(recorder_actor{self_});
  self_->send(compressor_, rotated);
}

log_writer_actor root_state::writer_of(process_id id) {
  auto& writer = writers_[id];
  if (!writer) {
    writer = self_->spawn<log_writer_impl>(id, recorder_actor{self_}, pool_);
    self_->monitor(writer);
  }
  return writer;
}

void root_state::on_writer_failed(const writer_failed& last_words) {
  note(fmt::format("the log writer of process {} failed, starting it anew: {}", static_cast<uint32_t>(last_words.id),
                   last_words.what));
  const auto now = self_->clock().now();
  failures_.push_back(now);
  std::erase_if(failures_, [now](auto failed_at) { return now - failed_at > failures_within; });
  if (failures_.size() >= failures_that_end)
    _exit(static_cast<int>(exit_code::other));
  writers_.erase(last_words.id);
  const auto successor = writer_of(last_words.id);
  for (const auto& opened : last_words.launches)
    self_->send(successor, opened);
  if (phase_ != phase::serving)
    self_->send(successor, finish{});
}

void root_state::on_down(const caf::actor_addr& source) {
  const auto is_it = [&source](const auto& actor) { return actor == source; };
  const auto holds_it = [&source](const auto& item) { return item.second == source; };
  std::erase_if(streams_, is_it);
  std::erase_if(follow_all_, [&](const auto& each) { return each.stream == source; });
  std::erase_if(forgotten_, is_it);
  std::erase_if(writers_, holds_it);
  std::erase_if(state_files_, holds_it);
  if (compressor_ == source)
    compressor_ = log_compressor_actor{};
  if (journal_ == source)
    journal_ = phase_ == phase::ending_journal ? journal_actor{} : spawn_journal();
  enter_next_phase();
}

void root_state::finish_all() {
  if (phase_ != phase::serving)
    return;
  while (take_daemon_packet())
    continue;
  phase_ = phase::ending_writers;
  for (const auto& [id, writer] : writers_)
    self_->send(writer, finish{});
  for (const auto& writer : forgotten_)
    self_->send(writer, finish{});
  for (const auto& [path, file] : state_files_)
    self_->send(file, finish{});
  if (compressor_)
    self_->send(compressor_, finish{});
  enter_next_phase();
}

void root_state::enter_next_phase() {
  if (phase_ == phase::ending_writers && writers_.empty() && forgotten_.empty() && state_files_.empty()) {
    phase_ = phase::ending_readers;
    for (const auto& stream : streams_)
      self_->send(stream, finish{});
  }
  if (phase_ == phase::ending_readers && streams_.empty()) {
    phase_ = phase::ending_journal;
    self_->send(journal_, finish{});
  }
  if (phase_ == phase::ending_journal && !journal_)
    self_->quit();
}

void root_state::note(std::string_view text, severity level) {
  self_->send(journal_, journal_line{procvisor::journal_line(wall_clock::now(), level, "recorder", 0, text)});
}

} // namespace procvisor::recorder
