#include "core/kept_socket.hpp"

#include <nlohmann/json.hpp>

#include "core/wire_text.hpp"

namespace procvisor::cluster {

using nlohmann::json;

std::string to_text(const kept_socket& socket) {
  const auto& query = socket.query;
  return json{{"app", to_wire_text(socket.app)},
              {"path", to_wire_text(socket.path)},
              {"shared", socket.is_shared},
              {"address", to_wire_text(query.address)},
              {"port", query.port},
              {"kind", static_cast<int>(query.kind)},
              {"index", query.index},
              {"data", query.data}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<kept_socket> kept_socket_from(std::string_view text) {
  const auto said = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!said.is_object())
    return std::nullopt;
  try {
    const auto bytes = [&](const char* key) {
      return from_wire_text(said.at(key).get_ref<const std::string&>()).value_or("");
    };
    const int kind = said.at("kind").get<int>();
    if (kind < 0 || kind > static_cast<int>(address_kind::path))
      return std::nullopt;
    return kept_socket{.app = bytes("app"),
                       .query = {.address = bytes("address"),
                                 .port = said.at("port").get<int>(),
                                 .kind = static_cast<address_kind>(kind),
                                 .index = said.at("index").get<int64_t>(),
                                 .data = said.at("data").get<std::string>()},
                       .path = bytes("path"),
                       .is_shared = said.at("shared").get<bool>()};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

} // namespace procvisor::cluster
