#include "cli/log_printer.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/render/colour.hpp"
#include "core/json_text.hpp"
#include "os/wall_time.hpp"

namespace procvisor::cli {

namespace {

log_stream stream_of(std::string_view word) {
  if (word == "journal")
    return log_stream::journal;
  return word == "err" ? log_stream::err : log_stream::out;
}

std::string now_as(const date_format& format, calendar_time (*clock)(wall_clock::time_point)) {
  std::string text;
  format.append_to(text, clock(wall_clock::now()));
  return text;
}

/// PM2's word for a stream in --format.
std::string_view field_of(log_stream stream) {
  switch (stream) {
    case log_stream::out:
      return "out";
    case log_stream::err:
      return "error";
    case log_stream::journal:
      return "journal";
  }
  return "";
}

std::string label_of(const nlohmann::json& params, log_stream stream) {
  if (stream == log_stream::journal)
    return std::string{journal_name};
  return fmt::format("{}|{}", params.value("id", 0), params.value("name", ""));
}

} // namespace

log_printer::log_printer(const console& out, log_view view)
  : out_(out), view_(std::move(view)), coloured_(out.data_canvas().coloured), prefix_(coloured_) {
}

result<exit_code> log_printer::print(const nlohmann::json& notification) {
  const nlohmann::json& params = notification.at("params");
  if (notification.at("method") == "log") {
    add_line(params, params.at("line").get_ref<const std::string&>(), true);
    return exit_code::done;
  }
  if (notification.at("method") != "tail")
    return exit_code::done;
  if (auto flushed = flush(); !flushed)
    return flushed;
  out_.show(fmt::format("{} last {} lines:\n", params.value("path", ""), view_.lines));
  for (const nlohmann::json& line : params.at("lines"))
    add_line(params, line.get_ref<const std::string&>(), false);
  auto flushed = flush();
  out_.show("\n");
  return flushed;
}

result<exit_code> log_printer::flush() {
  if (!raw_errors_.empty())
    out_.pass_on_error(std::exchange(raw_errors_, {}));
  return text_.empty() ? exit_code::done : out_.data(std::exchange(text_, {}));
}

void log_printer::add_line(const nlohmann::json& params, const std::string& line, bool is_new) {
  const log_stream stream = stream_of(params.value("stream", "out"));
  switch (view_.form) {
    case line_form::prefixed:
      return add_prefixed_line(params, stream, line, is_new);
    case line_form::raw:
      (stream == log_stream::err ? raw_errors_ : text_).append(line).append(1, '\n');
      return;
    case line_form::fields:
      return add_fields(params, stream, line, is_new);
    case line_form::json:
      return add_json_line(params, stream, line, is_new);
  }
}

void log_printer::add_json_line(const nlohmann::json& params, log_stream stream, const std::string& line, bool is_new) {
  static const date_format iso{"YYYY-MM-DDTHH:mm:ss.SSS[Z]"};
  text_ += R"({"message":)";
  append_json_text(text_, line);
  if (is_new)
    text_ += fmt::format(R"(,"timestamp":"{}")", now_as(iso, os::utc_time));
  text_ += fmt::format(R"(,"type":"{}","process_id":{},"app_name":)",
                       stream == log_stream::err ? "err" : field_of(stream), params.value("id", 0));
  append_json_text(text_, params.value("name", ""));
  text_ += "}\n";
}

void log_printer::add_fields(const nlohmann::json& params, log_stream stream, const std::string& line, bool is_new) {
  static const date_format date{"YYYY-MM-DD-HH:mm:ssZZ"};
  text_ += fmt::format("timestamp={} app={} id={} type={} message={}\n",
                       is_new ? now_as(date, os::local_time) : std::string{"-"}, params.value("name", ""),
                       params.value("id", 0), field_of(stream), line);
}

void log_printer::add_prefixed_line(const nlohmann::json& params, log_stream stream, const std::string& line,
                                    bool is_new) {
  if (is_new && !view_.date.empty())
    text_ += now_as(view_.date, os::local_time) + ' ';
  text_ += prefix_.before(label_of(params, stream), stream);
  if (!view_.highlight)
    text_ += line;
  else if (view_.highlight->empty())
    text_ += painted(line, colour::inverse, coloured_ && stream == log_stream::err);
  else
    text_ += highlighted(line, *view_.highlight, coloured_);
  text_ += '\n';
}

} // namespace procvisor::cli
