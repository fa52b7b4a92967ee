#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/result.hpp"

namespace procvisor::rpc {

/// One request of a client (JSON-RPC 2.0).
struct request {
  nlohmann::json id; ///< null: none was given
  std::string method;
  nlohmann::json params; ///< an object
};

/// A line of a client, without its newline. Whatever the bytes, this neither throws nor exhausts the stack.
result<request> read_request(std::string_view line);

} // namespace procvisor::rpc
