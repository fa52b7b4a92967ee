#include <doctest/doctest.h>

#include <string>

#include <nlohmann/json.hpp>

#include "core/option_schema.hpp"
#include "core/option_table.hpp"

using namespace procvisor;

TEST_CASE("option_schema: each key under each of its names, and nothing that nobody declares") {
  const auto app = ecosystem_schema().at("definitions").at("app");
  const auto& properties = app.at("properties");
  size_t declared = 0;
  for (const auto name : option_names()) {
    const auto& option = *find_option(name);
    CAPTURE(std::string{name});
    REQUIRE(properties.contains(std::string{name}) == (option.state != standing::resolved));
    if (option.state == standing::resolved)
      continue;
    ++declared;
    const auto& property = properties.at(std::string{name});
    CHECK(property.at("description").get<std::string>().find(expected_form(option)) != std::string::npos);
    CHECK((property.contains("type") || property.contains("anyOf") || property.contains("enum")));
  }
  CHECK(properties.size() == declared);
  CHECK(app.at("additionalProperties") == false);
}

TEST_CASE("option_schema: the forms of values, by some keys") {
  const auto properties = ecosystem_schema().at("definitions").at("app").at("properties");
  CHECK(properties.at("autorestart").at("type") == "boolean");
  CHECK(properties.at("maxRestarts").at("anyOf").at(0).at("minimum") == 0);
  CHECK(properties.at("log_type").at("enum") == nlohmann::json{"raw", "json"});
  CHECK(properties.at("args").at("anyOf").at(0).at("items").at("type") == "string");
}
