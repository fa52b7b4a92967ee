#include "core/cluster_message.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/json_text.hpp"

namespace procvisor::cluster {

namespace {

using nlohmann::json;

/// What a TLS server says of itself is a few hundred bytes.
constexpr size_t most_data_bytes = 65536;

template <class T>
T number_of(const json& object, const char* key, T otherwise) {
  const auto at = object.find(key);
  return at != object.end() && at->is_number_integer() ? at->get<T>() : otherwise;
}

std::string text_of(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

std::string data_of(const json& object) {
  const auto at = object.find("data");
  if (at == object.end() || at->is_null())
    return {};
  auto text = at->dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() <= most_data_bytes ? text : std::string{};
}

address_kind kind_of(const json& query) {
  const auto at = query.find("addressType");
  if (at == query.end())
    return address_kind::ipv4;
  if (at->is_string())
    return *at == "udp6" ? address_kind::udp6 : address_kind::udp4;
  if (!at->is_number_integer())
    return address_kind::ipv4;
  const int number = at->get<int>();
  return number == -1 ? address_kind::path : number == 6 ? address_kind::ipv6 : address_kind::ipv4;
}

std::string_view word_of(address_kind kind) {
  switch (kind) {
    case address_kind::ipv4:
      return "4";
    case address_kind::ipv6:
      return "6";
    case address_kind::udp4:
      return "udp4";
    case address_kind::udp6:
      return "udp6";
    case address_kind::path:
      return "-1";
  }
  return "4";
}

message read_act(const json& said) {
  const auto seq = number_of<uint64_t>(said, "seq", 0);
  if (const auto ack = said.find("ack"); ack != said.end() && ack->is_number_integer()) {
    const auto accepted = said.find("accepted");
    return connection_answer{ack->get<uint64_t>(), accepted != said.end() && *accepted == true};
  }
  const auto act = text_of(said, "act");
  if (act == "queryServer")
    return server_query{.seq = seq,
                        .address = text_of(said, "address"),
                        .port = number_of(said, "port", -1),
                        .kind = kind_of(said),
                        .fd = number_of(said, "fd", -1),
                        .backlog = number_of(said, "backlog", 511),
                        .flags = number_of<uint32_t>(said, "flags", 0),
                        .index = number_of<int64_t>(said, "index", 0),
                        .data = data_of(said)};
  if (act == "listening")
    return listening{};
  if (act == "close")
    return server_closed{text_of(said, "key")};
  if (act == "exitedAfterDisconnect")
    return leaving{seq};
  return noted{};
}

std::string answer_start(uint64_t seq, std::string_view key, std::string_view data, int error) {
  std::string line = fmt::format(R"({{"cmd":"NODE_CLUSTER","ack":{},"errno":{},"key":)", seq, error);
  append_json_text(line, key);
  line += R"(,"data":)";
  line += data.empty() ? "null" : data;
  return line;
}

std::string with_handle(std::string_view message, std::string_view type) {
  return fmt::format(R"({{"cmd":"NODE_HANDLE","type":"{}","msg":{}}})", type, message);
}

} // namespace

std::optional<message> read(const json& said) {
  if (!said.is_object())
    return std::nullopt;
  const auto cmd = said.find("cmd");
  if (cmd == said.end() || !cmd->is_string())
    return std::nullopt;
  if (*cmd == "NODE_CLUSTER")
    return read_act(said);
  if (*cmd == "NODE_HANDLE_NACK")
    return handle_refused{};
  if (*cmd == "NODE_HANDLE_ACK")
    return noted{};
  return std::nullopt;
}

std::string key_of(const server_query& query) {
  return fmt::format("{}:{}:{}:{}:{}", query.address, query.port, word_of(query.kind), query.fd, query.index);
}

std::string dealt_answer(uint64_t seq, std::string_view key, std::string_view data,
                         const std::optional<socket_name>& name) {
  auto line = answer_start(seq, key, data, 0);
  if (name) {
    line += R"(,"sockname":{"address":)";
    append_json_text(line, name->address);
    line += fmt::format(R"(,"port":{},"family":"{}"}})", name->port, name->is_ipv6 ? "IPv6" : "IPv4");
  }
  return line + "}";
}

std::string shared_answer(uint64_t seq, std::string_view key, std::string_view data) {
  return with_handle(answer_start(seq, key, data, 0) + "}", "net.Native");
}

std::string failed_answer(uint64_t seq, std::string_view key, std::string_view data, int error) {
  return answer_start(seq, key, data, -error) + "}";
}

std::string new_connection(std::string_view key, uint64_t seq) {
  std::string line = R"({"cmd":"NODE_CLUSTER","act":"newconn","key":)";
  append_json_text(line, key);
  return with_handle(fmt::format(R"({},"seq":{}}})", line, seq), "net.Native");
}

std::string acknowledgement(uint64_t seq) {
  return fmt::format(R"({{"cmd":"NODE_CLUSTER","ack":{}}})", seq);
}

std::string_view disconnect() {
  return R"({"cmd":"NODE_CLUSTER","act":"disconnect"})";
}

std::string_view handle_taken() {
  return R"({"cmd":"NODE_HANDLE_ACK"})";
}

} // namespace procvisor::cluster
