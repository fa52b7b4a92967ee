#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/cron.hpp"

namespace procvisor::os {

/// The zone of that name in this machine's tzdata (/usr/share/zoneinfo), read at the first call and kept. Empty name: the
/// zone of this process: TZ where it names one, else /etc/localtime, else UTC. nullopt: there is none of that name.
std::optional<time_zone> find_time_zone(const std::string& name);

/// All that there are; empty without tzdata.
std::vector<std::string> time_zone_names();

} // namespace procvisor::os
