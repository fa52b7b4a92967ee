#include <doctest/doctest.h>

#include <string>

#include <nlohmann/json.hpp>

#include "core/option_table.hpp"
#include "core/wire_text.hpp"

using namespace procvisor;
using namespace std::string_literals;

TEST_CASE("wire text: UTF-8 stays as it is, every other byte is NUL and two digits") {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},
      {"plain", "plain"},
      {"gr\xc3\xbc\xc3\x9f"
       "e",
       "gr\xc3\xbc\xc3\x9f"
       "e"},
      {"\xff", "\0ff"s},
      {"a\xc3", "a\0c3"s},
      {"\xc3(", "\0c3("s},
      {"\xf0\x9f\x98\x80\x80", "\xf0\x9f\x98\x80\0"
                               "80"s},
      {"\xed\xa0\x80", "\0ed\0a0\0"
                       "80"s}, // a surrogate
  };
  for (const auto& [bytes, text] : rows) {
    CHECK(to_wire_text(bytes) == text);
    CHECK(from_wire_text(text) == bytes);
  }
}

TEST_CASE("wire text: each byte survives, whatever stands around it") {
  for (int byte = 1; byte < 256; ++byte)
    for (const std::string around : {"", "a", "\xc3", "\xf0\x9f"}) {
      const auto bytes = around + static_cast<char>(byte) + around;
      const auto through_json = nlohmann::json::parse(nlohmann::json(to_wire_text(bytes)).dump()).get<std::string>();
      CHECK(from_wire_text(through_json) == bytes);
    }
}

TEST_CASE("wire text: a NUL that stands for nothing is refused") {
  for (const auto& text : {"\0"s, "a\0f"s, "\0fg"s, "\0-1"s, "\0\0ff"s})
    CHECK(!from_wire_text(text));
  CHECK(!spec_from_json({{"cwd", "\0"s}}));
  CHECK(!environment_from_json({{"A", "\0"s}}));
}

TEST_CASE("wire text: arguments, paths and variables of a spec are bytes") {
  app_spec spec;
  spec.exec_path = "/srv/\xff.js";
  spec.args = {"\xfe", "\xc3\xbc"};
  spec.env = {{"\xfd", "\xfc"}};
  spec.filter_env.parts = {"\xfb"};
  const auto back = spec_from_json(nlohmann::json::parse(spec_to_json(spec).dump()));
  REQUIRE(back);
  CHECK(*back == spec);
}
