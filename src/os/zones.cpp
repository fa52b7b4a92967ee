#include "os/zones.hpp"

#include <cstdlib>
#include <stdexcept>

#include <date/tz.h>

namespace procvisor::os {

namespace {

const date::time_zone* find(const std::string& name) {
  try {
    if (!name.empty())
      return date::locate_zone(name);
    const char* const own = std::getenv("TZ");
    return own != nullptr && *own != '\0' ? date::locate_zone(*own == ':' ? own + 1 : own) : date::current_zone();
  } catch (const std::runtime_error&) { // no such name, or no tzdata at all
    return nullptr;
  }
}

} // namespace

std::optional<time_zone> find_time_zone(const std::string& name) {
  const auto* const zone = find(name);
  if (zone == nullptr) {
    if (name.empty() || name == "UTC" || name == "Etc/UTC") // which a machine without tzdata knows, too
      return [](sys_second) { return zone_period{}; };
    return std::nullopt;
  }
  return [zone](sys_second at) {
    const auto info = zone->get_info(at);
    return zone_period{info.offset, info.begin, info.end};
  };
}

std::vector<std::string> time_zone_names() {
  std::vector<std::string> names;
  try {
    for (const auto& zone : date::get_tzdb().zones)
      names.push_back(zone.name());
  } catch (const std::runtime_error&) { // no tzdata
  }
  return names;
}

} // namespace procvisor::os
