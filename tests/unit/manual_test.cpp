// What procvisor(1) says, against the tables of the program.

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include <fmt/format.h>

#include "cli/verbs.hpp"
#include "core/result.hpp"
#include "core/settings.hpp"
#include "manual_paths.hpp" // by the build: SOURCE_ROOT

using namespace procvisor;

namespace {

/// The lines of procvisor(1) from a section's heading to the next one, with spaces between them.
std::string section(const std::string& heading) {
  std::ifstream file{SOURCE_ROOT "/man/procvisor.1"};
  REQUIRE(file);
  std::string text;
  bool is_inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(".Sh "))
      is_inside = line == ".Sh " + heading;
    else if (is_inside)
      text += line + " ";
  }
  return text;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("manual: the exit codes are those of the program, word for word") {
  const std::string text = section("EXIT STATUS");
  for (const exit_code_meaning& row : exit_code_meanings)
    CHECK_MESSAGE(has(text, fmt::format(".It {} {} ", static_cast<int>(row.code), row.meaning)), row.meaning);
  CHECK(std::count(text.begin(), text.end(), '\n') == 0);
  CHECK_FALSE(has(text, fmt::format(".It {} ", std::size(exit_code_meanings))));
}

TEST_CASE("manual: every verb is there with its aliases") {
  const std::string text = section("VERBS");
  for (const cli::verb& v : cli::verbs()) {
    std::string names{v.name};
    for (char c : v.aliases)
      names += c == ' ' ? " , " : std::string{c};
    if (!v.aliases.empty())
      names.insert(v.name.size(), " , ");
    CHECK_MESSAGE(has(text, "Cm " + names), names);
  }
}

TEST_CASE("manual: every setting is there with its attribute") {
  const std::string text = section("OPTIONS");
  for (const setting& one : settings()) {
    const std::string row = fmt::format(".It {} Ta {} Ta {} ", one.name, one.pm2_name, option_of(one.member).key);
    CHECK_MESSAGE(has(text, row), row);
  }
}
