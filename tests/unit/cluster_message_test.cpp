#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include <nlohmann/json.hpp>

#include "core/cluster_message.hpp"
#include "core/ipc_message.hpp"
#include "core/kept_socket.hpp"

using namespace procvisor;
using nlohmann::json;

namespace {

cluster::server_query query_in(const std::string& line) {
  const auto read = cluster::read(json::parse(line));
  REQUIRE(read);
  REQUIRE(std::holds_alternative<cluster::server_query>(*read));
  return std::get<cluster::server_query>(*read);
}

template <class T>
bool is(const std::string& line) {
  const auto read = cluster::read(json::parse(line));
  return read && std::holds_alternative<T>(*read);
}

} // namespace

TEST_CASE("cluster: what Node sends when a program listens is read") {
  const auto any = query_in(
      R"({"cmd":"NODE_CLUSTER","act":"queryServer","index":0,"data":null,"address":null,"port":8000,"addressType":4,"backlog":511,"seq":1})");
  CHECK(any.seq == 1);
  CHECK(any.address.empty());
  CHECK(any.port == 8000);
  CHECK(any.kind == cluster::address_kind::ipv4);
  CHECK(any.fd == -1);
  CHECK(any.data.empty());

  const auto tls = query_in(
      R"({"cmd":"NODE_CLUSTER","act":"queryServer","index":2,"data":{"ticketKeys":"ab"},"address":"::1","port":0,"addressType":6,"flags":1,"seq":9})");
  CHECK(tls.kind == cluster::address_kind::ipv6);
  CHECK(tls.flags == 1);
  CHECK(tls.data == R"({"ticketKeys":"ab"})");
  CHECK(cluster::key_of(tls) == "::1:0:6:-1:2");

  CHECK(query_in(R"({"cmd":"NODE_CLUSTER","act":"queryServer","address":"/run/x","port":-1,"addressType":-1,"seq":3})")
            .kind
        == cluster::address_kind::path);
  CHECK(query_in(R"({"cmd":"NODE_CLUSTER","act":"queryServer","address":null,"port":5,"addressType":"udp6","seq":3})")
            .kind
        == cluster::address_kind::udp6);
}

TEST_CASE("cluster: every other message has its meaning, and what is strange has none") {
  CHECK(is<cluster::listening>(R"({"cmd":"NODE_CLUSTER","act":"listening","port":80,"seq":2})"));
  CHECK(is<cluster::server_closed>(R"({"cmd":"NODE_CLUSTER","act":"close","key":"k","seq":2})"));
  CHECK(is<cluster::leaving>(R"({"cmd":"NODE_CLUSTER","act":"exitedAfterDisconnect","seq":2})"));
  CHECK(is<cluster::handle_refused>(R"({"cmd":"NODE_HANDLE_NACK"})"));
  for (const auto* nothing : {R"({"cmd":"NODE_CLUSTER","act":"online","seq":0})", R"({"cmd":"NODE_HANDLE_ACK"})",
                              R"({"cmd":"NODE_CLUSTER"})", R"({"cmd":"NODE_CLUSTER","act":7})"})
    CHECK(is<cluster::noted>(nothing));
  for (const auto* foreign : {R"({"cmd":"hello"})", R"({"cmd":5})", R"([])", R"("ready")", R"({"type":"axm:action"})"})
    CHECK(!cluster::read(json::parse(foreign)));

  const auto yes = cluster::read(json::parse(R"({"cmd":"NODE_CLUSTER","ack":4,"accepted":true})"));
  CHECK(std::get<cluster::connection_answer>(*yes).seq == 4);
  CHECK(std::get<cluster::connection_answer>(*yes).is_accepted);
  CHECK(!std::get<cluster::connection_answer>(*cluster::read(json::parse(R"({"cmd":"NODE_CLUSTER","ack":4})")))
             .is_accepted);
}

TEST_CASE("cluster: the answers are lines that Node understands") {
  CHECK(
      json::parse(cluster::dealt_answer(3, "k\"", {}, cluster::socket_name{"::", 80, true}))
      == json::parse(
          R"({"cmd":"NODE_CLUSTER","ack":3,"errno":0,"key":"k\"","data":null,"sockname":{"address":"::","port":80,"family":"IPv6"}})"));
  CHECK(json::parse(cluster::dealt_answer(3, "k", R"({"a":1})", std::nullopt))
        == json::parse(R"({"cmd":"NODE_CLUSTER","ack":3,"errno":0,"key":"k","data":{"a":1}})"));
  CHECK(json::parse(cluster::failed_answer(3, "k", {}, EADDRINUSE)).at("errno") == -EADDRINUSE);
  const auto wrapped = json::parse(cluster::new_connection("k", 5));
  CHECK(wrapped.at("cmd") == "NODE_HANDLE");
  CHECK(wrapped.at("msg") == json::parse(R"({"cmd":"NODE_CLUSTER","act":"newconn","key":"k","seq":5})"));
  CHECK(json::parse(cluster::shared_answer(3, "k", {})).at("msg").at("ack") == 3);
  CHECK(json::parse(cluster::disconnect()).at("act") == "disconnect");
}

TEST_CASE("ipc: what comes with a descriptor is the message within") {
  const auto said = ipc::read_message(R"({"cmd":"NODE_HANDLE","type":"net.Socket","msg":"ready"})");
  REQUIRE(std::holds_alternative<ipc::handed_over>(said));
  CHECK(std::holds_alternative<ipc::ready>(ipc::read_value(std::get<ipc::handed_over>(said).message)));
}

TEST_CASE("cluster: a socket that the keeper holds is known again by its text") {
  cluster::kept_socket socket;
  socket.app = "web";
  socket.path = "/run/\xff.sock";
  socket.is_shared = true;
  socket.query.address = "/run/\xff.sock";
  socket.query.kind = cluster::address_kind::path;
  socket.query.data = R"({"ticketKeys":"ab"})";

  const auto back = cluster::kept_socket_from(cluster::to_text(socket));

  REQUIRE(back);
  CHECK(back->app == "web");
  CHECK(back->path == socket.path);
  CHECK(back->is_shared);
  CHECK(cluster::key_of(back->query) == cluster::key_of(socket.query));
  CHECK(back->query.data == socket.query.data);
  CHECK(cluster::to_text(*back) == cluster::to_text(socket));
  for (const auto* strange : {"", "5", "{}", R"({"app":"a","path":"","shared":true,"address":"","port":1,"kind":9})"})
    CHECK(!cluster::kept_socket_from(strange));
}
