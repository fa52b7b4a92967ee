#pragma once

#include <string>
#include <vector>

#include "config/load.hpp"

namespace procvisor::config {

/// `write: true`: writes each app that says so to `<name>-pm2.json` (PM2's name) in `folder`, as a file of apps that
/// declares it as it was resolved. A file that is there already is left alone: it is fine if it says the same and an
/// error otherwise, for somebody may have edited it. Gives the names of the files that are new.
result<std::vector<std::string>> write_apps(const loaded& apps, const std::string& folder);

} // namespace procvisor::config
