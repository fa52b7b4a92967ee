#include "cli/screen/action_runner.hpp"

#include <utility>

#include <fmt/format.h>

#include "cli/outcome.hpp"
#include "keeper/connect.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

const char* method_of(process_action what) {
  switch (what) {
    case process_action::restart:
      return rpc::method::restart;
    case process_action::reload:
      return rpc::method::reload;
    case process_action::start:
      return rpc::method::start_existing;
    case process_action::stop:
      return rpc::method::stop;
    case process_action::scale:
      return rpc::method::scale;
  }
  return "";
}

std::string_view done_word(process_action what) {
  switch (what) {
    case process_action::restart:
      return "restarted";
    case process_action::reload:
      return "reloaded";
    case process_action::start:
      return "started";
    case process_action::stop:
      return "stopped";
    case process_action::scale:
      return "scaled";
  }
  return "";
}

nlohmann::json params_of(const action_request& request) {
  if (request.what == process_action::scale)
    return {{"target", request.app}, {"to", request.processes}};
  nlohmann::json targets = nlohmann::json::array();
  for (const int64_t id : request.ids)
    targets.push_back(std::to_string(id));
  return {{"targets", std::move(targets)}};
}

message failed(const action_request& request, std::string_view why) {
  const auto line = why.substr(0, why.find('\n')); // behind it stand the last words of the process, which its log has
  return {fmt::format("{} {}: {}", to_string(request.what), request.subject, line), true};
}

} // namespace

std::optional<message> action_runner::begin(const action_request& request) {
  if (running_.size() == most)
    return message{"too much is under way: wait until something of it is done", true};
  auto found = keeper::connect(place_);
  if (!found || !*found)
    return message{found ? "no daemon is running" : found.error().what, true};
  rpc::client daemon{std::move(*found)};
  if (auto sent = daemon.send(method_of(request.what), params_of(request), rpc::prompt); !sent)
    return message{sent.error().what, true};
  running_.push_back({std::move(daemon), request});
  return std::nullopt;
}

std::vector<int> action_runner::sockets() const {
  std::vector<int> all;
  for (const auto& one : running_)
    all.push_back(one.daemon.socket());
  return all;
}

std::vector<message> action_runner::take() {
  std::vector<message> done;
  std::erase_if(running_, [&done](running& one) {
    auto text = one.daemon.receive_if_there();
    if (text && !*text)
      return false;
    done.push_back(message_of(one.request, text ? rpc::decode_reply(**text) : fail(error{text.error()})));
    return true;
  });
  return done;
}

message message_of(const action_request& request, const result<nlohmann::json>& reply) {
  if (!reply)
    return failed(request, reply.error().what);
  outcome reached;
  reached.add(*reply);
  if (const auto failures = failures_of(reached); !failures.empty())
    return failed(request, failures.front().what);
  if (request.what == process_action::scale)
    return {fmt::format("scaled {} to {}", request.app, request.processes), false};
  auto text = fmt::format("{} {}", done_word(request.what), request.subject);
  for (const auto& note : reached.notes)
    text += "; " + note.get<std::string>();
  return {std::move(text), false};
}

} // namespace procvisor::cli
