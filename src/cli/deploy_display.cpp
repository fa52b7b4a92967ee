#include "cli/deploy_display.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/render/text_width.hpp"
#include "core/text.hpp"

namespace procvisor::cli {

deploy_display::deploy_display(console& out, bool is_brief, bool is_raw)
  : out_(out), is_brief_(is_brief), is_raw_(is_raw),
    draws_(out.talk_is_terminal() && !is_raw && !out.behaviour().silent && !out.behaviour().json) {
}

void deploy_display::stage(const std::string& host, const std::string& text, bool stays) {
  if (is_brief_ ? stays && draws_ : stays || !draws_)
    say(fmt::format("{}: {}", host, text));
}

void deploy_display::output(const std::string& host, const std::string& line) {
  if (out_.behaviour().json)
    return;
  erase();
  out_.show(fmt::format("{} | {}\n", host, printable(line)));
}

void deploy_display::pass(const std::string& text) {
  if (!out_.behaviour().json)
    out_.show(text);
}

void deploy_display::say(const std::string& line) {
  if (out_.behaviour().json)
    return;
  erase();
  if (is_raw_)
    out_.show(fmt::format("\r[procvisor] {}\r\n", line));
  else
    out_.talk(line);
}

void deploy_display::draw(const std::vector<host_line>& hosts) {
  erase();
  if (!draws_)
    return;
  size_t widest = 0;
  for (const auto& one : hosts)
    widest = std::max(widest, display_width(one.host));
  const size_t columns = out_.talk_canvas().columns;
  std::string text;
  for (const auto& one : hosts)
    text += cut_to(fmt::format("  {}  {:>6}  {}", fit_to(one.host, widest), seconds_text(one.since_start), one.stage),
                   columns)
            + "\n";
  out_.show(text);
  drawn_ = hosts.size();
}

void deploy_display::erase() {
  if (drawn_ > 0)
    out_.show(fmt::format("\x1b[{}A\x1b[J", drawn_)); // ECMA-48: CUU, ED
  drawn_ = 0;
}

std::string seconds_text(std::chrono::milliseconds time) {
  if (time < std::chrono::seconds{10})
    return fmt::format("{}.{} s", time.count() / 1000, time.count() % 1000 / 100);
  return fmt::format("{} s", time.count() / 1000);
}

} // namespace procvisor::cli
