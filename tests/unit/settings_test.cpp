#include <doctest/doctest.h>

#include "core/settings.hpp"

using namespace procvisor;

TEST_CASE("settings: a line is read as a shell would read it, by either name") {
  const struct {
    const char* line;
    const char* value;
  } rows[] = {
      {"KILL_TIMEOUT=3000", "3000"},
      {"export KILL_TIMEOUT=3000", "3000"},
      {"  export   PM2_KILL_TIMEOUT = 3000  ", "3000"},
      {"PROCVISOR_KILL_TIMEOUT='3s'", "3s"},
      {"KILL_TIMEOUT=\"3s\"\r", "3s"},
      {"KILL_TIMEOUT=1\nKILL_TIMEOUT=2", "2"},
      {"# a comment\n\nKILL_TIMEOUT=3000", "3000"},
  };
  for (const auto& [line, value] : rows) {
    CAPTURE(line);
    const auto read = parse_settings(line);
    CHECK(read.problems.empty());
    REQUIRE(read.values.contains("KILL_TIMEOUT"));
    CHECK(read.values.at("KILL_TIMEOUT") == value);
  }
}

TEST_CASE("settings: a line that says nothing is named") {
  const auto read = parse_settings("\nKIL_TIMEOUT=3\nINSTANCE_VAR=I\nnonsense\n");
  CHECK(read.values.size() == 1);
  REQUIRE(read.problems.size() == 2);
  CHECK(read.problems[0] == "line 2: there is no setting 'KIL_TIMEOUT': did you mean 'KILL_TIMEOUT'?");
  CHECK(read.problems[1].starts_with("line 4: "));
}

TEST_CASE("settings: a change touches its own line alone") {
  const setting& kill_timeout = *find_setting("KILL_TIMEOUT");
  CHECK(with_setting("", kill_timeout, "1") == "KILL_TIMEOUT=1\n");
  CHECK(with_setting("# mine\nexport PM2_KILL_TIMEOUT=9\nINSTANCE_VAR=I", kill_timeout, "1")
        == "# mine\nKILL_TIMEOUT=1\nINSTANCE_VAR=I\n");
  CHECK(with_setting("KILL_TIMEOUT=1\nother\nKILL_TIMEOUT=2\n", kill_timeout, "3") == "KILL_TIMEOUT=3\nother\n");
  CHECK(without_setting("a\nKILL_TIMEOUT=1\nb\n", kill_timeout) == "a\nb\n");
  CHECK(without_setting("a\n", kill_timeout) == "a\n");
}

TEST_CASE("settings: each stands for an attribute that is built") {
  for (const setting& one : settings()) {
    CAPTURE(std::string{one.name});
    CHECK(option_of(one.member).state == standing::built);
    CHECK(find_setting(one.pm2_name) == &one);
  }
  CHECK(find_setting("PM2_NO_SUCH") == nullptr);
}
