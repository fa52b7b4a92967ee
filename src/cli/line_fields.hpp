#pragma once

#include <string>
#include <string_view>

namespace procvisor::cli {

/// Lines of log_type json as lines of `logs --format`: "timestamp=... app=web id=0 type=out message=...". What has no
/// newline yet is kept in `rest`, and stands before the next block.
std::string fields_of_json_lines(std::string_view block, std::string& rest);

} // namespace procvisor::cli
