#include "actors/session.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "actors/recorder_link.hpp"
#include "actors/support.hpp"
#include "core/option_table.hpp"
#include "rpc/recorder_wire.hpp"
#include "rpc/rows.hpp"
#include "rpc/wire.hpp"

namespace procvisor {

using nlohmann::json;

namespace {

std::vector<std::string> texts(const json& params, const char* key) {
  std::vector<std::string> values;
  if (const auto at = params.find(key); at != params.end() && at->is_array())
    for (const auto& value : *at)
      if (value.is_string())
        values.push_back(value.get<std::string>());
  return values;
}

bool flag(const json& params, const char* key, bool otherwise) {
  const auto at = params.find(key);
  return at != params.end() && at->is_boolean() ? at->get<bool>() : otherwise;
}

json failures(const std::vector<failed_target>& failed) {
  auto list = json::array();
  for (const auto& one : failed)
    list.push_back({{"target", one.target},
                    {"code", static_cast<int>(one.what.code)},
                    {"message", one.what.what},
                    {"hint", one.what.hint}});
  return list;
}

result<shared_environment> environment_of(const json& params) {
  auto env = std::make_shared<environment>();
  if (const auto at = params.find("environment"); at != params.end()) {
    if (!at->is_object())
      return fail(exit_code::other, "the request's environment is not an object");
    for (const auto& [name, value] : at->items())
      if (value.is_string())
        env->emplace(name, value.get<std::string>());
  }
  return env;
}

std::optional<when_running> policy_of(const json& params) {
  const auto text = params.value("when_running", "refuse");
  if (text == "restart")
    return when_running::restart;
  if (text == "refuse")
    return when_running::refuse;
  if (text == "add")
    return when_running::add;
  return std::nullopt;
}

} // namespace

session_state::session_state(session_actor::pointer self, shared_fd client, session_peers peers)
  : self_(self), peers_(std::move(peers)),
    client_(event_loop::of(self->system()), std::move(*client), caf::weak_actor_ptr{self->ctrl()}) {
  client_.arm(EPOLLIN);
}

session_actor::behavior_type session_state::make_behavior() {
  keep_quiet(self_);
  return {[this](const fd_ready& ready) { on_ready(ready); }};
}

// -- reading --------------------------------------------------------------------

void session_state::on_ready(const fd_ready& ready) {
  if (!client_ || ready.token != client_.token())
    return;
  if (!out_.empty()) {
    flush();
    return;
  }
  if (!is_busy_ && !handle_next_line())
    read();
}

void session_state::read() {
  std::array<char, 65536> buffer;
  for (;;) {
    const auto n = ::read(client_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      break;
    if (n <= 0) {
      self_->quit();
      return;
    }
    in_.append(buffer.data(), static_cast<size_t>(n));
    if (in_.size() > rpc::max_message_bytes) {
      reply_error({exit_code::usage, "the request is larger than 32 MiB", {}});
      self_->quit();
      return;
    }
  }
  if (!handle_next_line())
    client_.arm(EPOLLIN);
}

bool session_state::handle_next_line() {
  const auto end = in_.find('\n', scanned_);
  if (end == std::string::npos) {
    scanned_ = in_.size();
    return false;
  }
  const auto request = json::parse(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
  in_.erase(0, end + 1);
  scanned_ = 0;
  is_busy_ = true;
  handle(request);
  return true;
}

void session_state::handle(const json& request) {
  id_ = nullptr;
  if (!request.is_object() || !request.contains("method") || !request["method"].is_string()) {
    reply_error({exit_code::usage, "this is not a JSON-RPC request", {}});
    return;
  }
  if (const auto id = request.find("id"); id != request.end())
    id_ = *id;
  const auto& method = request["method"].get_ref<const std::string&>();
  const json params = request.contains("params") && request["params"].is_object() ? request["params"] : json::object();
  if (method == rpc::method::ping)
    ping();
  else if (method == rpc::method::start)
    start(params);
  else if (method == rpc::method::start_existing || method == rpc::method::restart)
    act(app_verb::restart, params);
  else if (method == rpc::method::stop)
    act(app_verb::stop, params);
  else if (method == rpc::method::remove)
    act(app_verb::remove, params);
  else if (method == rpc::method::list)
    list();
  else if (method == rpc::method::jlist)
    jlist();
  else if (method == rpc::method::describe)
    describe(params);
  else if (method == rpc::method::logs)
    logs(params);
  else if (method == rpc::method::kill)
    kill();
  else
    reply_error({exit_code::usage, fmt::format("the daemon knows no method '{}'", method),
                 "is the client newer than the daemon? procvisor kill ends it"});
}

// -- methods --------------------------------------------------------------------

void session_state::ping() {
  reply({{"pid", getpid()}, {"keeper", peers_.keeper_pid}, {"version", PROCVISOR_VERSION}});
}

void session_state::start(const json& params) {
  start_apps request;
  const auto policy = policy_of(params);
  const auto apps = params.find("apps");
  if (!policy || apps == params.end() || !apps->is_array()) {
    reply_error({exit_code::usage, "start needs apps, and when_running is restart, refuse or add", {}});
    return;
  }
  request.policy = *policy;
  for (const auto& wire : *apps) {
    auto spec = spec_from_json(wire);
    if (!spec) {
      reply_error(spec.error());
      return;
    }
    request.specs.push_back(std::make_shared<const app_spec>(std::move(*spec)));
  }
  auto caller = environment_of(params);
  if (!caller) {
    reply_error(caller.error());
    return;
  }
  request.caller = std::move(*caller);
  ask_registry<outcome>(request, [this](const outcome& result) { reply_outcome(result); });
}

void session_state::act(app_verb verb, const json& params) {
  ask_registry<outcome>(act_on{verb, texts(params, "targets"), texts(params, "names")},
                        [this](const outcome& result) { reply_outcome(result); });
}

void session_state::list() {
  with_usage({}, [this](const found_processes& found, const std::vector<usage>& used) {
    std::string text = R"({"notes":[],"processes":[)";
    for (size_t i = 0; i < found.processes.size(); ++i) {
      const auto& one = found.processes[i];
      if (i > 0)
        text += ',';
      rpc::append_row(text, {one.view, *one.spec, used[i].cpu, used[i].memory});
    }
    text += "]}";
    reply_text(text);
  });
}

void session_state::jlist() {
  with_usage({}, [this](const found_processes& found, const std::vector<usage>& used) {
    auto all = json::array();
    for (size_t i = 0; i < found.processes.size(); ++i) {
      const auto& one = found.processes[i];
      const auto env =
          launch_environment(*one.spec, *one.caller, {one.view.id, one.view.gen, one.view.instance, peers_.home});
      all.push_back(rpc::to_jlist({one.view, *one.spec, used[i].cpu, used[i].memory}, env,
                                  resolve_log_paths(*one.spec, one.view.id, peers_.home), peers_.home));
    }
    reply(std::move(all));
  });
}

void session_state::describe(const json& params) {
  with_usage({params.value("target", "")}, [this](const found_processes& found, const std::vector<usage>& used) {
    if (!found.failed.empty()) {
      reply_error(found.failed.front().what);
      return;
    }
    auto all = json::array();
    for (size_t i = 0; i < found.processes.size(); ++i) {
      const auto& one = found.processes[i];
      all.push_back(rpc::to_details({one.view, *one.spec, used[i].cpu, used[i].memory},
                                    resolve_log_paths(*one.spec, one.view.id, peers_.home)));
    }
    reply(std::move(all));
  });
}

void session_state::logs(const json& params) {
  ask_registry<found_processes>(find_processes{texts(params, "targets")}, [this, params](const found_processes& found) {
    if (!found.failed.empty()) {
      reply_error(found.failed.front().what);
      return;
    }
    auto apps = json::array();
    for (const auto& one : found.processes) {
      const auto files = resolve_log_paths(*one.spec, one.view.id, peers_.home);
      apps.push_back({{"id", static_cast<uint32_t>(one.view.id)},
                      {"name", one.spec->name},
                      {"out", files.out},
                      {"error", files.error}});
    }
    const bool journal_only = flag(params, "journal_only", false);
    const json packet{
        {"op", recorder_wire::op::logs},
        {"request", id_},
        {"lines", params.value("lines", 15)},
        {"follow", flag(params, "follow", true)},
        {"out", flag(params, "out", true)},
        {"err", flag(params, "err", true)},
        {"journal", flag(params, "journal", false)},
        {"apps", journal_only ? json::array() : std::move(apps)},
    };
    self_->send(peers_.recorder, recorder_packet{packet.dump(-1, ' ', false, json::error_handler_t::replace),
                                                 {std::make_shared<os::unique_fd>(client_.release())}});
    self_->quit();
  });
}

void session_state::kill() {
  ask_registry<outcome>(act_on{app_verb::remove, {}, {}, true}, [this](const outcome& result) {
    ends_everything_ = true;
    reply({{"stopped", result.done.size()}});
  });
}

// -- asking ---------------------------------------------------------------------

template <class Result, class Then>
void session_state::ask_registry(const auto& question, Then then) {
  self_->request(peers_.registry, caf::infinite, question)
      .then([then](const Result& result) { then(result); },
            [this](const caf::error& why) {
              reply_error({exit_code::other, caf::to_string(why), {}});
            });
}

template <class Then>
void session_state::with_usage(std::vector<std::string> targets, Then then) {
  ask_registry<found_processes>(find_processes{std::move(targets)}, [this, then](const found_processes& found) {
    sample_processes question;
    for (const auto& one : found.processes)
      question.pids.push_back(one.view.pid);
    self_->request(peers_.sampler, caf::infinite, std::move(question))
        .then([then, found](const samples& taken) { then(found, taken.values); },
              [this](const caf::error& why) {
                reply_error({exit_code::other, caf::to_string(why), {}});
              });
  });
}

// -- replying -------------------------------------------------------------------

void session_state::reply_outcome(const outcome& result) {
  auto done = json::array();
  for (const auto& one : result.done)
    done.push_back(rpc::to_row({one.view, *one.spec, 0, 0}));
  reply({{"done", std::move(done)}, {"failed", failures(result.failed)}});
}

void session_state::reply(const json& result) {
  reply_text(result.dump(-1, ' ', false, json::error_handler_t::replace));
}

void session_state::reply_text(std::string_view result) {
  send(fmt::format(R"({{"jsonrpc":"2.0","protocol":{},"id":{},"result":{}}})", rpc::protocol_version,
                   id_.dump(-1, ' ', false, json::error_handler_t::replace), result));
}

void session_state::reply_error(const error& what) {
  const json message{
      {"jsonrpc", "2.0"}, {"protocol", rpc::protocol_version}, {"id", id_}, {"error", rpc::to_wire(what)}};
  send(message.dump(-1, ' ', false, json::error_handler_t::replace));
}

void session_state::send(std::string message) {
  out_ = std::move(message);
  out_.push_back('\n');
  sent_ = 0;
  flush();
}

void session_state::flush() {
  while (sent_ < out_.size()) {
    const auto n = ::send(client_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n >= 0) {
      sent_ += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      client_.arm(EPOLLOUT);
      return;
    } else if (errno != EINTR) {
      sent_ = out_.size(); // the client is gone; what it asked for has happened
    }
  }
  out_ = {};
  is_busy_ = false;
  if (ends_everything_) {
    self_->send(peers_.root, end_everything{});
    self_->quit();
    return;
  }
  if (in_.empty())
    client_.arm(EPOLLIN);
  else // by a message, not by a call: a client may have sent any number of requests ahead
    self_->send(self_, fd_ready{client_.token(), EPOLLIN});
}

} // namespace procvisor
