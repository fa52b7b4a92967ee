#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/render/list_table.hpp"

namespace procvisor::cli {

/// One process of the reply to `describe`: a heading and a table of what is known of it, wrapped to the canvas.
std::string render_describe(const nlohmann::json& process, const canvas& on);

} // namespace procvisor::cli
