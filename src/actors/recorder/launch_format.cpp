#include "actors/recorder/launch_format.hpp"

#include "actors/recorder/protocol.hpp"
#include "os/wall_time.hpp"

namespace procvisor::recorder {

namespace {

/// Of a JSON line whose format the user has not given, in UTC: what JavaScript's toISOString() writes.
constexpr std::string_view iso_8601 = "YYYY-MM-DDTHH:mm:ss.SSS[Z]";

bool has_default_date(const log_style& style) {
  return style.kind == log_kind::json && style.date_format.empty();
}

} // namespace

launch_format::launch_format(const log_style& style, process_id id, std::string_view app_name)
  : style_(style), date_(has_default_date(style) ? iso_8601 : std::string_view{style.date_format}),
    lines_{log_formatter{style, to_string(channel::out), static_cast<uint32_t>(id), app_name},
           log_formatter{style, to_string(channel::err), static_cast<uint32_t>(id), app_name}} {
}

size_t launch_format::feed(size_t stream, std::string_view bytes, std::string& out) {
  return lines_[stream].feed(bytes, stamp(), out);
}

std::string_view launch_format::stamp() {
  if (date_.empty())
    return {};
  const auto now = wall_clock::now();
  const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
  if (second == stamped_at_ && !date_.shows_fractions())
    return stamp_;
  stamped_at_ = second;
  std::string date;
  date_.append_to(date, has_default_date(style_) ? os::utc_time(now) : os::local_time(now));
  stamp_ = line_stamp(style_, date);
  return stamp_;
}

} // namespace procvisor::recorder
