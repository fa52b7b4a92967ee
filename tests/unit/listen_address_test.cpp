#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "core/listen_address.hpp"

using namespace procvisor;
using cluster::address_kind;

TEST_CASE("listen address: what it means") {
  struct row {
    std::string_view text;
    address_kind kind;
    std::string_view address;
    int port;
    const char* name;
  };
  for (const auto& [text, kind, address, port, name] : std::initializer_list<row>{
           {"127.0.0.1:8080", address_kind::ipv4, "127.0.0.1", 8080, "8080"},
           {"0.0.0.0:1", address_kind::ipv4, "0.0.0.0", 1, "1"},
           {":65535", address_kind::ipv4, "", 65535, "65535"},
           {"[::]:80", address_kind::ipv6, "::", 80, "80"},
           {"[fe80::1%2]:80", address_kind::ipv6, "fe80::1%2", 80, "80"},
           {"[::ffff:1.2.3.4]:80", address_kind::ipv6, "::ffff:1.2.3.4", 80, "80"},
           {"/run/x.sock", address_kind::path, "/run/x.sock", -1, "x.sock"},
           {"/run/a:b ü", address_kind::path, "/run/a:b ü", -1, "a_b___"},
       }) {
    CAPTURE(text);
    const auto query = parse_listen_address(text);
    REQUIRE(query);
    CHECK(query->kind == kind);
    CHECK(query->address == address);
    CHECK(query->port == port);
    CHECK(query->flags == (kind == address_kind::ipv6 ? 1 : 0)); // IPv6 alone
    CHECK(descriptor_name(text) == name);
  }
}

TEST_CASE("listen address: what is wrong with it") {
  const auto long_path = "/" + std::string(107, 'x');
  struct row {
    std::string_view text;
    std::string_view says;
  };
  for (const auto& [text, says] : std::initializer_list<row>{
           {"", "expected address:port"},
           {"8080", "expected address:port"},
           {"app.sock", "expected address:port"},
           {"localhost:8080", "a number is wanted, not a name"},
           {"1.2.3:80", "a number is wanted, not a name"},
           {"1.2.3.4.5:80", "a number is wanted, not a name"},
           {"1.2.3.256:80", "a number is wanted, not a name"},
           {"1.2.3.-4:80", "a number is wanted, not a name"},
           {"::1:80", "an address of IPv6 stands in brackets"},
           {"[]:80", "a number is wanted, not a name"},
           {"[host]:80", "a number is wanted, not a name"},
           {"1.2.3.4:", "its port is no number from 1 to 65535"},
           {"1.2.3.4:0", "its port is no number from 1 to 65535"},
           {"1.2.3.4:65536", "its port is no number from 1 to 65535"},
           {"1.2.3.4:+80", "its port is no number from 1 to 65535"},
           {"1.2.3.4:http", "its port is no number from 1 to 65535"},
           {long_path, "the path of a socket has 107 bytes at most"},
       }) {
    CAPTURE(text);
    const auto query = parse_listen_address(text);
    REQUIRE(!query);
    CHECK_MESSAGE(query.error().what.find(says) != std::string::npos, query.error().what);
  }
}

TEST_CASE("listen address: a kept socket is read as it was written, and nothing else is taken for one") {
  const kept_listener socket{"we\xff"
                             "b",
                             "/run/\"x\".sock"};
  CHECK(kept_listener_from(to_text(socket)) == socket);
  for (const auto* text : {"", "[]", "{}", R"({"app":"a"})", R"({"app":"a","listen":1})",
                           R"({"app":"a","listen":"b","more":1})", R"({"app":"a","path":"b"})"})
    CHECK_MESSAGE(!kept_listener_from(text), text);
}
