#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/render/colour.hpp"
#include "cli/render/list_table.hpp"

namespace procvisor::cli {

struct described_line {
  std::string_view title;
  std::string value;
  colour paint = colour::plain;
};

/// What is known of one process of the reply to `describe`.
std::vector<described_line> describe_lines(const nlohmann::json& process, std::chrono::milliseconds now);

/// The values that it has offered on its IPC channel, by their names: "3.2 ms".
std::vector<std::pair<std::string, std::string>> metrics_of(const nlohmann::json& process);

/// One process of the reply to `describe`: a heading and a table of what is known of it, wrapped to the canvas.
std::string render_describe(const nlohmann::json& process, const canvas& on);

} // namespace procvisor::cli
