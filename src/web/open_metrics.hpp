#pragma once

#include <string>
#include <vector>

#include "os/host_figures.hpp"
#include "rpc/process_row.hpp"

namespace procvisor::web {

/// The processes as OpenMetrics 1.0 text. One sample for each process and metric: nothing that an app says makes a label.
std::string open_metrics(const std::vector<rpc::process_row>& processes, const os::host_figures& host,
                         std::chrono::milliseconds now);

/// The Content-Type of that.
inline constexpr const char* open_metrics_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";

} // namespace procvisor::web
