#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/render/log_line.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

/// The target that means procvisor.log, and what stands before its lines.
constexpr std::string_view journal_name = "procvisor";

struct wanted_logs {
  std::vector<std::string> targets; ///< none: all
  int lines = 15;
  bool only_tail = false; ///< --nostream
  bool only_out = false;
  bool only_err = false;
  bool is_raw = false;

  bool names_journal() const { return std::find(targets.begin(), targets.end(), journal_name) != targets.end(); }

  /// procvisor.log is shown where it is named, and with the logs of all apps unless only a part of them is wanted.
  bool with_journal() const { return names_journal() || (targets.empty() && !is_raw && !only_out && !only_err); }

  nlohmann::json params() const {
    std::vector<std::string> apps;
    std::copy_if(targets.begin(), targets.end(), std::back_inserter(apps),
                 [](const std::string& target) { return target != journal_name; });
    bool with_apps = !names_journal() || !apps.empty(); // no target means all apps on the wire: their streams are off
    return {{"targets", apps},
            {"lines", lines},
            {"follow", !only_tail},
            {"out", with_apps && (only_out || !only_err)},
            {"err", with_apps && (only_err || !only_out)},
            {"journal", with_journal()}};
  }
};

log_stream stream_of(std::string_view word) {
  if (word == "journal")
    return log_stream::journal;
  return word == "err" ? log_stream::err : log_stream::out;
}

/// Prints the notifications of a stream of logs. Lines are gathered until flush(), so that a flood costs few writes.
class log_printer {
public:
  log_printer(const console& out, const wanted_logs& wanted)
    : out_(out), wanted_(wanted), prefix_(out.data_canvas().coloured) {}

  result<exit_code> print(const nlohmann::json& notification) {
    const nlohmann::json& params = notification.at("params");
    if (notification.at("method") == "log") {
      add_line(params, params.at("line").get_ref<const std::string&>());
      return exit_code::done;
    }
    if (auto flushed = flush(); !flushed)
      return flushed;
    out_.show(fmt::format("{} last {} lines:\n", params.value("path", ""), wanted_.lines));
    for (const nlohmann::json& line : params.at("lines"))
      add_line(params, line.get_ref<const std::string&>());
    auto flushed = flush();
    out_.show("\n");
    return flushed;
  }

  result<exit_code> flush() {
    if (!raw_errors_.empty())
      out_.pass_on_error(std::exchange(raw_errors_, {}));
    return text_.empty() ? exit_code::done : out_.data(std::exchange(text_, {}));
  }

private:
  void add_line(const nlohmann::json& params, const std::string& line) {
    log_stream stream = stream_of(params.value("stream", "out"));
    if (out_.behaviour().json) {
      text_ += json_line(params, line).dump() + "\n";
      return;
    }
    std::string& target = wanted_.is_raw && stream == log_stream::err ? raw_errors_ : text_;
    if (!wanted_.is_raw)
      target += prefix_.before(label(params, stream), stream);
    target += line;
    target += '\n';
  }

  static nlohmann::json json_line(const nlohmann::json& params, const std::string& line) {
    return {{"app_name", params.value("name", "")},
            {"process_id", params.value("id", 0)},
            {"type", params.value("stream", "out")},
            {"message", line}};
  }

  static std::string label(const nlohmann::json& params, log_stream stream) {
    if (stream == log_stream::journal)
      return std::string{journal_name};
    return fmt::format("{}|{}", params.value("id", 0), params.value("name", ""));
  }

  const console& out_;
  const wanted_logs& wanted_;
  log_line_prefix prefix_;
  std::string text_;
  std::string raw_errors_; ///< with --raw, what was written to stderr goes there
};

tl::unexpected<error> stream_ended(const error& why) {
  return fail(exit_code::other, fmt::format("the stream of logs has ended: {}", why.what), why.hint);
}

result<exit_code> print_stream(rpc::client& daemon, log_printer& printer, bool follows) {
  for (;;) {
    if (!daemon.has_message())
      if (auto flushed = printer.flush(); !flushed)
        return flushed;
    auto text = daemon.receive(follows ? rpc::unlimited : rpc::prompt);
    if (!text)
      return follows ? stream_ended(text.error()) : fail(std::move(text.error()));
    nlohmann::json message = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
    if (!message.is_object() || !message.contains("method")) {
      auto flushed = printer.flush();
      return rpc::decode_reply(*text).and_then([&](const nlohmann::json&) { return flushed; });
    }
    if (auto printed = printer.print(message); !printed)
      return printed;
  }
}

} // namespace

result<exit_code> run::logs(invocation& call) {
  wanted_logs wanted;
  call.option("--lines", wanted.lines, "so many last lines of each file (default 15)");
  call.flag("--nostream", wanted.only_tail, "end after the last lines");
  call.flag("--out", wanted.only_out, "only what was written to stdout");
  call.flag("--err", wanted.only_err, "only what was written to stderr");
  call.flag("--raw", wanted.is_raw, "the lines as they are; those of stderr go to stderr");
  if (auto ended = call.parse())
    return *ended;
  wanted.targets = call.targets();
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (!*daemon) {
    if (!wanted.targets.empty() && !wanted.names_journal())
      return nothing_there(wanted.targets.front());
    call.out().talk("no daemon is running, so there is nothing to follow");
    return exit_code::done;
  }
  auto sent = (*daemon)->send(rpc::method::logs, wanted.params(), rpc::prompt);
  if (!sent)
    return fail(std::move(sent.error()));
  log_printer printer{call.out(), wanted};
  return print_stream(**daemon, printer, !wanted.only_tail);
}

} // namespace procvisor::cli
