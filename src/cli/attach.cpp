#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/daemon.hpp"
#include "cli/outcome.hpp"
#include "cli/pass_on.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

/// A person between an app's log and its stdin.
class attachment {
public:
  attachment(const console& out, rpc::client logs, rpc::client sender, std::string target, std::string separator)
    : out_(out), logs_(std::move(logs)), sender_(std::move(sender)), target_(std::move(target)),
      separator_(std::move(separator)) {}

  /// Until standard input ends.
  result<exit_code> run() {
    // Asked for first: an input that ends at once would be over before the stream of logs says that there is no such app.
    if (auto found = sender_.call(rpc::method::describe, {{"target", target_}}, rpc::prompt); !found)
      return fail(std::move(found.error()));
    auto asked =
        logs_.send(rpc::method::logs,
                   {{"targets", {target_}}, {"lines", 0}, {"follow", true}, {"out", true}, {"err", true}}, rpc::prompt);
    if (!asked)
      return fail(std::move(asked.error()));
    if (auto begun = await_live(); !begun)
      return begun;
    if (logs_.has_message())
      if (auto shown = show_logs(); !shown)
        return shown;
    std::array<pollfd, 2> ready = {{{STDIN_FILENO, POLLIN, 0}, {logs_.socket(), POLLIN, 0}}};
    for (;;) {
      if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR)
        return fail(exit_code::other, "waiting for standard input failed");
      if (ready[1].revents != 0)
        if (auto shown = show_logs(); !shown)
          return shown;
      if (ready[0].revents == 0)
        continue;
      if (!read_input())
        return reached_;
    }
  }

private:
  /// What is typed may be answered at once: nothing is sent before the stream would show the answer.
  result<exit_code> await_live() {
    for (;;) {
      auto text = logs_.receive(rpc::prompt);
      if (!text)
        return fail(std::move(text.error()));
      const auto message = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
      if (!message.is_object() || !message.contains("method"))
        return rpc::decode_reply(*text).map([](const nlohmann::json&) { return exit_code::done; });
      if (message.at("method") == "live")
        return exit_code::done;
    }
  }

  result<exit_code> show_logs() {
    do {
      auto text = logs_.receive(rpc::unlimited);
      if (!text)
        return fail(std::move(text.error()));
      const auto message = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
      if (!message.is_object() || !message.contains("method"))
        return rpc::decode_reply(*text).map([](const nlohmann::json&) { return exit_code::done; });
      if (auto shown = show(message.at("params")); !shown)
        return shown;
    } while (logs_.has_message());
    return exit_code::done;
  }

  /// As if the app ran in this terminal.
  result<exit_code> show(const nlohmann::json& log) const {
    const std::string line = log.value("line", "") + "\n";
    if (log.value("stream", "") != "err")
      return out_.data(line);
    out_.pass_on_error(line);
    return exit_code::done;
  }

  /// False: it is at its end, and what stood behind the last newline has been sent as well.
  bool read_input() {
    std::array<char, 4096> buffer;
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR)
      return true;
    if (got > 0)
      typed_.append(buffer.data(), static_cast<size_t>(got));
    else if (!typed_.empty())
      typed_ += '\n';
    for (size_t end = typed_.find('\n'); end != std::string::npos; end = typed_.find('\n')) {
      send_line(typed_.substr(0, end));
      typed_.erase(0, end + 1);
    }
    return got > 0;
  }

  void send_line(const std::string& line) {
    outcome reached;
    auto answer =
        sender_.call(rpc::method::send, {{"targets", {target_}}, {"text", line + separator_}}, rpc::unlimited);
    if (answer)
      reached.add(*answer);
    else
      reached.add_failure(target_, answer.error());
    for (const error& e : failures_of(reached))
      out_.report(e);
    if (const auto code = exit_code_of(reached); code != exit_code::done)
      reached_ = code;
  }

  const console& out_;
  rpc::client logs_;
  rpc::client sender_;
  std::string target_;
  std::string separator_;
  std::string typed_; ///< without a newline yet
  exit_code reached_ = exit_code::done;
};

} // namespace

result<exit_code> run::attach(invocation& call) {
  if (auto ended = call.parse())
    return *ended;
  const auto& words = call.targets();
  auto logs = find_daemon();
  if (!logs)
    return fail(std::move(logs.error()));
  if (!*logs)
    return nothing_there(words[0]);
  auto sender = find_daemon();
  if (!sender)
    return fail(std::move(sender.error()));
  if (!*sender)
    return nothing_there(words[0]);
  attachment session{call.out(), std::move(**logs), std::move(**sender), words[0], words.size() > 1 ? words[1] : "\n"};
  return session.run();
}

} // namespace procvisor::cli
