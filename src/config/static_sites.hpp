#pragma once

#include <optional>

#include "config/declare.hpp"

namespace procvisor::config {

/// One entry of a file's `static` as an app: its script is the file server, and its env has the settings of the site.
/// Keys of an app are allowed besides. Nothing where it is no object; a problem says so.
std::optional<declared_app> declare_static_site(const json_value& entry, const source_map& where,
                                                problem_list& problems);

} // namespace procvisor::config
