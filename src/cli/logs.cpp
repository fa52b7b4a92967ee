#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/act.hpp"
#include "cli/daemon.hpp"
#include "cli/invocation.hpp"
#include "cli/log_printer.hpp"
#include "rpc/wire.hpp"

namespace procvisor::cli {

namespace {

/// More than any file has.
constexpr int64_t most_lines = 1'000'000'000;

/// What stands before each line with --timestamp alone.
constexpr const char* default_date = "YYYY-MM-DD-HH:mm:ss";

struct wanted_logs {
  std::vector<std::string> targets; ///< none: all
  std::optional<int64_t> lines;
  bool only_tail = false; ///< --nostream
  bool only_out = false;
  bool only_err = false;
  bool is_raw = false;
  bool as_fields = false;
  bool as_json = false;
  std::optional<std::string> date; ///< empty: the default one
  std::optional<std::string> highlight;

  log_view view() const {
    log_view wanted;
    wanted.form = as_json     ? line_form::json
                  : as_fields ? line_form::fields
                  : is_raw    ? line_form::raw
                              : line_form::prefixed;
    // For programs, which want the new lines with their time; old ones come where they are asked for.
    const bool only_new = (as_json || as_fields) && !only_tail;
    wanted.lines = std::min(lines.value_or(only_new ? 0 : wanted.lines), most_lines);
    if (date)
      wanted.date = date_format{date->empty() ? default_date : *date};
    wanted.highlight = highlight;
    return wanted;
  }

  bool names_journal() const { return std::find(targets.begin(), targets.end(), journal_name) != targets.end(); }

  /// procvisor.log is shown where it is named, and with the logs of all apps unless only a part of them is wanted.
  bool with_journal() const { return names_journal() || (targets.empty() && !is_raw && !only_out && !only_err); }

  nlohmann::json params() const {
    std::vector<std::string> apps;
    std::copy_if(targets.begin(), targets.end(), std::back_inserter(apps),
                 [](const std::string& target) { return target != journal_name; });
    bool with_apps = !names_journal() || !apps.empty(); // no target means all apps on the wire: their streams are off
    return {{"targets", apps},
            {"lines", view().lines},
            {"follow", !only_tail},
            {"out", with_apps && (only_out || !only_err)},
            {"err", with_apps && (only_err || !only_out)},
            {"journal", with_journal()}};
  }
};

tl::unexpected<error> stream_ended(const error& why) {
  return fail(exit_code::other, fmt::format("the stream of logs has ended: {}", why.what), why.hint);
}

/// Fails with unreachable where the other end has gone.
result<exit_code> print_stream(rpc::client& daemon, log_printer& printer, bool follows) {
  for (;;) {
    if (!daemon.has_message())
      if (auto flushed = printer.flush(); !flushed)
        return flushed;
    auto text = daemon.receive(follows ? rpc::unlimited : rpc::prompt);
    if (!text)
      return fail(std::move(text.error()));
    nlohmann::json message = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
    if (!message.is_object() || !message.contains("method")) {
      auto flushed = printer.flush();
      return rpc::decode_reply(*text).and_then([&](const nlohmann::json&) { return flushed; });
    }
    if (auto printed = printer.print(message); !printed)
      return printed;
  }
}

/// Goes on with whoever takes the place of a daemon or a recorder that was killed or replaced, until nobody does.
result<exit_code> follow(rpc::client daemon, const wanted_logs& wanted, const console& out) {
  using steady = std::chrono::steady_clock;
  constexpr int most_attempts = 10;
  log_printer printer{out, wanted.view()};
  auto params = wanted.params();
  for (int attempts = 0; attempts < most_attempts; ++attempts) {
    const auto begun = steady::now();
    const auto ended = daemon.send(rpc::method::logs, params, rpc::prompt).and_then([&] {
      return print_stream(daemon, printer, /*follows=*/true);
    });
    if (ended || ended.error().code != exit_code::unreachable)
      return ended;
    auto next = find_daemon();
    if (!next || !*next)
      return stream_ended(next ? ended.error() : next.error());
    if (steady::now() - begun > std::chrono::seconds{1})
      attempts = 0;
    if (attempts == 0)
      out.talk("the daemon or its recorder was replaced; what was printed meanwhile is in the log files");
    daemon = std::move(**next);
    params["lines"] = 0;
  }
  return stream_ended({exit_code::other, "the daemon is replaced again and again", {}});
}

} // namespace

result<exit_code> run::logs(invocation& call) {
  wanted_logs wanted;
  call.option("--lines", wanted.lines, "so many last lines of each file (default 15)");
  call.flag("--format", wanted.as_fields, "timestamp=... app=... id=... type=... message=...");
  call.optional_value("--timestamp", wanted.date,
                      "the time in front of each new line; FORMAT is that of log_date_format");
  call.optional_value("--highlight", wanted.highlight,
                      "show a text in colours that stand out; without one, the lines of stderr");
  call.flag("--nostream", wanted.only_tail, "end after the last lines");
  call.flag("--out", wanted.only_out, "only what was written to stdout");
  call.flag("--err", wanted.only_err, "only what was written to stderr");
  call.flag("--raw", wanted.is_raw, "the lines as they are; those of stderr go to stderr");
  if (auto ended = call.parse())
    return *ended;
  wanted.targets = call.targets();
  wanted.as_json = call.out().behaviour().json;
  auto daemon = find_daemon();
  if (!daemon)
    return fail(std::move(daemon.error()));
  if (!*daemon) {
    if (!wanted.targets.empty() && !wanted.names_journal())
      return nothing_there(wanted.targets.front());
    call.out().talk("no daemon is running, so there is nothing to follow");
    return exit_code::done;
  }
  if (!wanted.only_tail)
    return follow(std::move(**daemon), wanted, call.out());
  auto sent = (*daemon)->send(rpc::method::logs, wanted.params(), rpc::prompt);
  if (!sent)
    return fail(std::move(sent.error()));
  log_printer printer{call.out(), wanted.view()};
  return print_stream(**daemon, printer, /*follows=*/false);
}

} // namespace procvisor::cli
