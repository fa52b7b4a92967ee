#include "core/ipc_message.hpp"

#include <algorithm>

#include "core/json_text.hpp"

namespace procvisor::ipc {

namespace {

using nlohmann::json;

constexpr int most_levels = 64;

/// Member `key` of an object as text; nullopt: there is none.
std::optional<std::string> text_of(const json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string())
    return std::nullopt;
  return at->get<std::string>();
}

bool is_small(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace).size() <= most_offer_bytes;
}

} // namespace

message read_message(std::string_view line) {
  if (is_nested_deeper(line, most_levels))
    return garbage{};
  json said = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (said.is_discarded())
    return garbage{};
  auto read = read_value(std::move(said));
  if (auto* const passed = std::get_if<ipc::said>(&read))
    passed->bytes = line.size();
  return read;
}

message read_value(json said) {
  if (said == "ready" || said == "online")
    return ready{};
  if (!said.is_object())
    return ipc::said{"process:msg", std::move(said), true};
  if (auto own = cluster::read(said))
    return *std::move(own);
  const auto command = text_of(said, "cmd").value_or("");
  if (command == "NODE_HANDLE")
    return handed_over{said.value("msg", json{})};
  if (command.starts_with("NODE_"))
    return unknown{};
  const auto type = text_of(said, "type");
  const auto data = said.find("data");
  if (!type || data == said.end())
    return ipc::said{"process:msg", std::move(said), true};
  if (!type->starts_with("axm:"))
    return ipc::said{*type, std::move(*data)};
  if (!data->is_object())
    return unknown{};
  if (*type == "axm:monitor")
    return shown_metrics{std::move(*data)};
  const auto action = text_of(*data, "action_name");
  if (!action)
    return unknown{};
  if (*type == "axm:action")
    return offered_action{*action, std::move(*data)};
  if (*type == "axm:reply") {
    const auto value = data->find("return");
    return action_reply{*action, value == data->end() ? json{} : std::move(*value)};
  }
  return unknown{};
}

json shutdown_message() {
  return "shutdown";
}

json action_message(const std::string& action, const std::optional<std::string>& params) {
  if (!params)
    return action;
  return {{"msg", action}, {"opts", *params}};
}

bool keep_action(json& actions, const offered_action& offered) {
  if (!is_small(offered.data))
    return false;
  const auto same =
      std::ranges::find_if(actions, [&](const json& one) { return text_of(one, "action_name") == offered.name; });
  if (same != actions.end()) {
    *same = offered.data;
    return true;
  }
  if (actions.size() >= most_offers)
    return false;
  actions.push_back(offered.data);
  return true;
}

bool keep_metrics(json& metrics, const shown_metrics& shown) {
  bool kept_all = true;
  for (const auto& [name, value] : shown.data.items()) {
    const bool has_room = metrics.contains(name) || metrics.size() < most_offers;
    if (has_room && name.size() <= most_offer_bytes && is_small(value))
      metrics[name] = value;
    else
      kept_all = false;
  }
  return kept_all;
}

} // namespace procvisor::ipc
