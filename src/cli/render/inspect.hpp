#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace procvisor::cli {

/// JSON as Node's `util.inspect` lays it out (Node 12 and later, any depth, no colours): `status: 'online'`, `args: [
/// '-p', '80' ]`, several members on a line where they are few and short. What PM2's prettylist prints, and scripts
/// grep.
std::string inspected(const nlohmann::json& value);

} // namespace procvisor::cli
