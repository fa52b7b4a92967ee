#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

/// Reading the params of a request: what is missing or of another type is as if it were not there.
namespace procvisor::rpc {

/// The texts of the list `key`.
std::vector<std::string> texts(const nlohmann::json& params, const char* key);

uint64_t count(const nlohmann::json& params, const char* key, uint64_t otherwise);

bool flag(const nlohmann::json& params, const char* key, bool otherwise);

} // namespace procvisor::rpc
