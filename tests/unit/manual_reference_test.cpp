// What the manual lists, compared with the tables that it is about.
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "core/option_table.hpp"
#include "manual_paths.hpp" // by the build: SOURCE_ROOT, FILE_PAGE

using namespace procvisor;

namespace {

std::string file(const std::string& path) {
  std::ifstream stream{path};
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>{stream}, {}};
}

} // namespace

TEST_CASE("procvisor-rpc(7) has every method of rpc/wire.hpp") {
  const std::string wire = file(SOURCE_ROOT "/src/rpc/wire.hpp");
  const std::string page = file(SOURCE_ROOT "/man/procvisor-rpc.7");
  const auto begin = wire.find("namespace method {");
  REQUIRE(begin != std::string::npos);
  const std::string table = wire.substr(begin, wire.find("} // namespace method") - begin);
  const std::regex constant{"= \"([a-z_]+)\";"};

  size_t count = 0;
  for (std::sregex_iterator at{table.begin(), table.end(), constant}; at != std::sregex_iterator{}; ++at, ++count) {
    const std::string method = (*at)[1];
    CHECK_MESSAGE(page.find("\n.It Ic " + method + "\n") != std::string::npos,
                  "add to man/procvisor-rpc.7, section METHODS: .It Ic ", method,
                  ", what it does, its params, its result");
  }
  CHECK(count > 0);
}

TEST_CASE("procvisor.json(5) has every key with its aliases, its values and its default") {
  const std::string page = file(FILE_PAGE);
  for (const app_option& option : app_options()) {
    if (option.state == standing::resolved)
      continue;
    CAPTURE(option.key);
    const std::string key{option.key};
    if (option.state != standing::built) {
      CHECK(std::regex_search(page, std::regex{"\\n\\.Cm (.* , )?" + key + " [.,]"}));
      continue;
    }
    const auto entry = page.find("\n.It Cm " + key + (option.aliases.empty() ? "\n" : " , "));
    REQUIRE(entry != std::string::npos);
    const std::string text = page.substr(entry, page.find("\n.It ", entry + 1) - entry);
    CHECK(text.find(option.help) != std::string::npos);
    CHECK(text.find(expected_form(option)) != std::string::npos);
    CHECK((option.default_text.empty() || text.find("Default: ") != std::string::npos));
  }
}
