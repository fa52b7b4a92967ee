#include "rpc/request.hpp"

#include <utility>

#include "core/json_text.hpp"

namespace procvisor::rpc {

using nlohmann::json;

namespace {

/// The keys of an app are three levels below a request, and their values at most as deep again.
constexpr int most_levels = 64;

} // namespace

result<request> read_request(std::string_view line) {
  const auto refused = [](const char* why) { return fail(exit_code::usage, why); };
  if (is_nested_deeper(line, most_levels))
    return refused("the request is nested too deeply");
  json said = json::parse(line, nullptr, false);
  const auto method = said.is_object() ? said.find("method") : said.end();
  if (method == said.end() || !method->is_string())
    return refused("this is not a JSON-RPC request");
  request read{.id = nullptr, .method = std::move(method->get_ref<std::string&>()), .params = json::object()};
  if (const auto id = said.find("id"); id != said.end())
    read.id = std::move(*id);
  if (const auto params = said.find("params"); params != said.end() && params->is_object())
    read.params = std::move(*params);
  return read;
}

} // namespace procvisor::rpc
