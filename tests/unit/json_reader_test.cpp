#include <doctest/doctest.h>

#include <string>

#include "config/json_reader.hpp"

using namespace procvisor;
using namespace procvisor::config;

namespace {

std::string read_back(std::string_view text) {
  const auto doc = read_json(text, "f.json");
  return doc ? doc->root.dump() : doc.error().what;
}

} // namespace

TEST_CASE("json: what ecosystem files have beyond JSON is read") {
  struct row {
    std::string_view text;
    std::string_view value;
  };
  const row rows[] = {
      {"{}", "{}"},
      {"[1, 2,]", "[1,2]"},
      {"{a: 1, 'b': 'x', \"c\": [true, false, null, undefined,],}", R"({"a":1,"b":"x","c":[true,false,null,null]})"},
      {"// one\n{ /* two\n */ a: 1 } // three", R"({"a":1})"},
      {"\xEF\xBB\xBF{\"a\":1}", R"({"a":1})"},
      {"{ $x_1: 1, 2: 3 }", R"({"$x_1":1,"2":3})"},
      {"[-1, +2, 0x1F, 1.5, .5, 5., 1e3, -0x10]", "[-1,2,31,1.5,0.5,5.0,1000.0,-16]"},
      {R"(['\n\t\x41\u0042\u{1F600}\ud83d\ude00\'\"\q'])", "[\"\\n\\tAB\xF0\x9F\x98\x80\xF0\x9F\x98\x80'\\\"q\"]"},
      {"'a\\\nb'", "\"ab\""},
      {"{z: 1, a: {y: 1, b: 2}}", R"({"z":1,"a":{"y":1,"b":2}})"},
  };
  for (const auto& [text, value] : rows)
    CHECK(read_back(text) == value);
}

TEST_CASE("json: what is wrong is said with its place") {
  struct row {
    std::string text;
    std::string_view problem;
  };
  const row rows[] = {
      {"", "f.json: is empty"},
      {" // nothing\n", "f.json: is empty"},
      {"{", "f.json:1:2: the file ends too early"},
      {"{\n  \"a\": 1\n  \"b\": 2\n}", "f.json:3:3: unexpected '\"'"},
      {"{a 1}", "f.json:1:4: expected ':' after 'a'"},
      {"{a: 1, a: 2}", "f.json:1:8: 'a' is given twice"},
      {"{a: 1} x", "f.json:1:8: unexpected 'x'"},
      {"['abc", "f.json:1:2: this text does not end"},
      {"['abc\n']", "f.json:1:2: this text does not end on its line"},
      {"/* ", "f.json:1:1: this comment does not end"},
      {"[1 /", "f.json:1:4: expressions are not evaluated here: write the value, or use a .config.js file"},
      {"[60 * 1000]", "f.json:1:5: expressions are not evaluated here: write the value, or use a .config.js file"},
      {"['a' + 'b']", "f.json:1:6: expressions are not evaluated here: write the value, or use a .config.js file"},
      {"[`a`]", "f.json:1:2: expressions are not evaluated here: write the value, or use a .config.js file"},
      {"[process.env.HOME]", "f.json:1:2: unexpected 'process': a text needs quotes, and expressions are not evaluated "
                             "here: write the value, or use a .config.js file"},
      {"[10s]", "f.json:1:2: a number with letters needs quotes"},
      {"[1e999]", "f.json:1:2: this number is too large"},
      {"['\\u12']", "f.json:1:3: this escape is not a character"},
      {"['\\ud800']", "f.json:1:3: this escape is not a character"},
      {"['\xFF']", "f.json:1:2: this text is not UTF-8"},
      {"['\xC3\xA9\xC3\xA9', x]", "f.json:1:8: unexpected 'x': a text needs quotes, and expressions are not evaluated "
                                  "here: write the value, or use a .config.js file"},
      {std::string(100, '['), "f.json:1:65: this is nested too deeply"},
      {std::string("\0", 1), "f.json:1:1: unexpected '\\x00'"},
  };
  for (const auto& [text, problem] : rows)
    CHECK(read_back(text) == problem);
}

TEST_CASE("json: every key and value has its place") {
  const auto doc = read_json("{\n  a: [1,\n    'x'],\n  b: {c: 2}\n}", "f.json");

  REQUIRE(doc);
  const auto& parts = doc->where.parts;
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].key == text_position{2, 3});
  CHECK(parts[0].value == text_position{2, 6});
  CHECK(parts[0].parts[1].value == text_position{3, 5});
  CHECK(parts[1].parts[0].key == text_position{4, 7});
  CHECK(parts[1].parts[0].value == text_position{4, 10});
}
