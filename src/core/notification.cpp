#include "core/notification.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "core/units.hpp"

namespace procvisor {

namespace {

/// At most so many bytes, and no part of a character.
std::string_view cut(std::string_view text, size_t most) {
  if (text.size() <= most)
    return text;
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  return text.substr(0, end);
}

void read_assignment(std::string_view name, std::string_view value, notification& said) {
  if (name == "READY")
    said.is_ready = said.is_ready || value == "1";
  else if (name == "STOPPING")
    said.is_stopping = said.is_stopping || value == "1";
  else if (name == "WATCHDOG" && value == "1")
    said.is_well = true;
  else if (name == "WATCHDOG" && value == "trigger")
    said.is_unwell = true;
  else if (name == "STATUS")
    said.status = cut(printable(cut(value, most_status_bytes)), most_status_bytes);
  else if (name == "EXTEND_TIMEOUT_USEC")
    said.extension = std::chrono::ceil<std::chrono::milliseconds>(
        std::clamp(std::chrono::microseconds{parse_integer(value).value_or(0)}, std::chrono::microseconds{0},
                   std::chrono::microseconds{longest_extension}));
}

} // namespace

notification read_notification(std::string_view text) {
  notification said;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    if (const auto equals = line.find('='); equals != std::string_view::npos)
      read_assignment(line.substr(0, equals), line.substr(equals + 1), said);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return said;
}

} // namespace procvisor
