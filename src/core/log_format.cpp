#include "core/log_format.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/json_text.hpp"

namespace procvisor {

namespace {

/// Where to cut a text of more than `at_most` bytes: not within a character.
size_t cut_at(std::string_view text, size_t at_most) {
  constexpr size_t longest_character = 4;
  for (size_t back = 0; back < std::min(longest_character, at_most); ++back)
    if ((static_cast<unsigned char>(text[at_most - back]) & 0xc0) != 0x80)
      return at_most - back;
  return at_most;
}

} // namespace

std::string_view to_string(log_kind kind) noexcept {
  switch (kind) {
    case log_kind::raw:
      return "raw";
    case log_kind::json:
      return "json";
  }
  return {};
}

std::optional<log_kind> log_kind_of(std::string_view word) {
  for (const auto kind : {log_kind::raw, log_kind::json})
    if (word == to_string(kind))
      return kind;
  return std::nullopt;
}

std::string line_stamp(const log_style& style, std::string_view date) {
  if (style.kind == log_kind::raw)
    return style.date_format.empty() ? std::string{} : fmt::format("{}: ", date);
  std::string stamp = R"(,"timestamp":)";
  append_json_text(stamp, date);
  return stamp;
}

log_formatter::log_formatter(const log_style& style, std::string_view stream, uint32_t process_id,
                             std::string_view app_name)
  : form_(style.kind == log_kind::json ? form::json
          : style.date_format.empty()  ? form::whole_lines
                                       : form::dated) {
  if (form_ != form::json)
    return;
  json_tail_ = fmt::format(R"(,"type":"{}","process_id":{},"app_name":)", stream, process_id);
  append_json_text(json_tail_, app_name);
  json_tail_ += "}\n";
}

size_t log_formatter::feed(std::string_view bytes, std::string_view stamp, std::string& out) {
  if (form_ == form::whole_lines) {
    feed_whole_lines(bytes, out);
    return bytes.size();
  }
  auto rest = bytes;
  while (!rest.empty() && out.size() < block_bytes) {
    const auto newline = rest.find('\n');
    const auto length = std::min(newline, rest.size());
    const auto room = max_line_bytes - held_.size();
    const bool is_cut = length > room;
    if (newline == std::string_view::npos && !is_cut) {
      if (held_.empty())
        held_stamp_ = stamp;
      held_ += rest;
      return bytes.size();
    }
    const auto taken = is_cut ? cut_at(rest, room) : length;
    if (held_.empty()) {
      put_line(rest.substr(0, taken), stamp, is_cut, out);
    } else {
      held_ += rest.substr(0, taken);
      put_line(std::exchange(held_, {}), held_stamp_, is_cut, out);
    }
    rest.remove_prefix(taken + (is_cut ? 0 : 1));
  }
  return bytes.size() - rest.size();
}

void log_formatter::feed_whole_lines(std::string_view bytes, std::string& out) {
  const auto newline = bytes.rfind('\n');
  if (newline != std::string_view::npos) {
    release_held(out);
    out += bytes.substr(0, newline + 1);
    bytes.remove_prefix(newline + 1);
  }
  held_ += bytes;
  if (held_.size() > max_line_bytes)
    release_held(out);
}

void log_formatter::release_held(std::string& out) {
  out += held_;
  held_ = {}; // its memory goes too
}

void log_formatter::finish(std::string& out) {
  if (held_.empty())
    return;
  if (form_ == form::whole_lines)
    release_held(out);
  else
    put_line(std::exchange(held_, {}), held_stamp_, false, out);
}

void log_formatter::put_line(std::string_view line, std::string_view stamp, bool is_cut, std::string& out) const {
  if (form_ == form::json) {
    out += R"({"message":)";
    append_json_text(out, line);
    out += stamp;
    if (is_cut)
      out += R"(,"cut":true)";
    out += json_tail_;
    return;
  }
  out += stamp;
  out += line;
  out += is_cut ? " [cut]\n" : "\n";
}

} // namespace procvisor
