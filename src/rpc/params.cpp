#include "rpc/params.hpp"

#include <nlohmann/json.hpp>

namespace procvisor::rpc {

using nlohmann::json;

std::vector<std::string> texts(const json& params, const char* key) {
  std::vector<std::string> values;
  if (const auto at = params.find(key); at != params.end() && at->is_array())
    for (const auto& value : *at)
      if (value.is_string())
        values.push_back(value.get<std::string>());
  return values;
}

uint64_t count(const json& params, const char* key, uint64_t otherwise) {
  const auto at = params.find(key);
  return at != params.end() && at->is_number_unsigned() ? at->get<uint64_t>() : otherwise;
}

bool flag(const json& params, const char* key, bool otherwise) {
  const auto at = params.find(key);
  return at != params.end() && at->is_boolean() ? at->get<bool>() : otherwise;
}

} // namespace procvisor::rpc
