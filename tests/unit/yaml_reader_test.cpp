#include <doctest/doctest.h>

#include <string>

#include <fmt/format.h>

#include "config/yaml_reader.hpp"

using namespace procvisor;
using namespace procvisor::config;

namespace {

std::string read_back(const std::string& text) {
  const auto doc = read_yaml(text, "f.yaml");
  return doc ? doc->root.dump() : doc.error().what;
}

} // namespace

TEST_CASE("yaml: plain scalars have the types of YAML 1.2, quoted ones are text") {
  CHECK(read_back("[1, -2, +3, 0x1F, 0o17, 1.5, 1e3, true, False, ~, null, , yes, 10s, .inf, '1', \"true\", !!str 5]")
        == R"([1,-2,3,31,15,1.5,1000.0,true,false,null,null,null,"yes","10s",".inf","1","true","5"])");
}

TEST_CASE("yaml: aliases and merge keys unfold") {
  CHECK(read_back("a: &x {p: 1, q: 2}\nb: *x\nc: {<<: *x, q: 3}\nd: {<<: [*x, {r: 4}]}")
        == R"({"a":{"p":1,"q":2},"b":{"p":1,"q":2},"c":{"q":3,"p":1},"d":{"p":1,"q":2,"r":4}})");
  CHECK(read_back("'<<': 1") == R"({"<<":1})");
}

TEST_CASE("yaml: what is wrong is said with its place") {
  struct row {
    std::string text;
    std::string_view problem;
  };
  const row rows[] = {
      {"", "f.yaml: is empty"},
      {"# nothing\n", "f.yaml: is empty"},
      {"a: 1\n--- \nb: 2\n", "f.yaml:2:1: the first document ends here, and only one is read"},
      {",a", "f.yaml:1:1: the first document ends here, and only one is read"}, // yaml-cpp's LoadAll hangs
      {"a: [1\nb: 2\n", "f.yaml:2:2: end of sequence flow not found"},
      {"a: 1\na: 2\n", "f.yaml:2:1: 'a' is given twice"},
      {"? [a]\n: 1\n", "f.yaml:1:3: a key has to be a text"},
      {"a: !odd 1\n", "f.yaml:1:4: the tag '!odd' is not known here"},
      {"a: {<<: 1}\n", "f.yaml:1:9: << takes a mapping or a list of mappings"},
      {"a: \"\xFF\"\n", "f.yaml:1:4: this text is not UTF-8"},
  };
  for (const auto& [text, problem] : rows)
    CHECK(read_back(text) == problem);
}

TEST_CASE("yaml: a cycle of aliases is refused") {
  for (const auto* text : {"&a [*a]", "&a {b: {c: *a}}", "&a {<<: *a}", "&a {<<: [*a]}"})
    CHECK_MESSAGE(read_back(text).find("this alias is inside of what it stands for") != std::string::npos, text);
}

TEST_CASE("yaml: aliases that unfold to an enormous document are refused, and soon") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i)
    text += fmt::format("a{0}: &a{0} [{1}]\n", i, fmt::join(std::vector(10, fmt::format("*a{}", i - 1)), ", "));
  CHECK(read_back(text).find("unfold to too many values") != std::string::npos);
}

TEST_CASE("yaml: deep nesting is refused") {
  CHECK(read_back(std::string(100, '[') + std::string(100, ']')).find("nested too deeply") != std::string::npos);
  CHECK(read_back(std::string(100'000, '[')).starts_with("f.yaml:"));
}

TEST_CASE("yaml: every key and value has its place") {
  const auto doc = read_yaml("apps:\n  - name: web\n    args: [1, 2]\n", "f.yaml");

  REQUIRE(doc);
  const auto& app = doc->where.parts[0].parts[0];
  CHECK(app.value == text_position{2, 5});
  CHECK(app.parts[0].key == text_position{2, 5});
  CHECK(app.parts[0].value == text_position{2, 11});
  CHECK(app.parts[1].key == text_position{3, 5});
  CHECK(app.parts[1].parts[1].value == text_position{3, 15});
}
