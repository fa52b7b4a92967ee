#include "core/deploy_request.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/git_state.hpp"

using namespace procvisor;

namespace {

using words = std::vector<std::string>;

} // namespace

TEST_CASE("deploy words: each command under each of its names, and what is none is a ref") {
  const struct {
    words typed;
    deploy_request wanted;
  } rows[] = {
      {{}, {.action = deploy_action::update}},
      {{"update"}, {.action = deploy_action::update}},
      {{"setup"}, {.action = deploy_action::setup}},
      {{"revert"}, {.action = deploy_action::revert, .back = 1}},
      {{"revert", "3"}, {.action = deploy_action::revert, .back = 3}},
      {{"curr"}, {.action = deploy_action::current}},
      {{"current"}, {.action = deploy_action::current}},
      {{"prev"}, {.action = deploy_action::previous}},
      {{"previous"}, {.action = deploy_action::previous}},
      {{"list"}, {.action = deploy_action::list}},
      {{"exec", "df -h"}, {.action = deploy_action::execute, .command = "df -h"}},
      {{"run", "echo", "a  b"}, {.action = deploy_action::execute, .command = "echo a  b"}},
      {{"v1.2"}, {.action = deploy_action::update, .ref = "v1.2"}},
      {{"ref", "setup"}, {.action = deploy_action::update, .ref = "setup"}},
      {{"a b;c"}, {.action = deploy_action::update, .ref = "a b;c"}},
  };
  for (const auto& [typed, wanted] : rows) {
    const auto read = read_deploy_words(typed);
    REQUIRE(read);
    CHECK(*read == wanted);
  }
}

TEST_CASE("deploy words: what is too much, too little or an option is refused") {
  const struct {
    words typed;
    const char* says;
  } rows[] = {
      {{"setup", "x"}, "'setup' of deploy takes nothing like 'x'"},
      {{"update", "v1"}, "'update' of deploy takes nothing like 'v1'"},
      {{"revert", "0"}, "from 1, not '0'"},
      {{"revert", "-1"}, "from 1, not '-1'"},
      {{"revert", "99999999999"}, "from 1, not '99999999999'"},
      {{"revert", "soon"}, "from 1, not 'soon'"},
      {{"revert", "1", "2"}, "nothing like '2'"},
      {{"exec"}, "'exec' of deploy needs a command"},
      {{"ref"}, "'ref' of deploy needs a ref"},
      {{"ref", "a", "b"}, "nothing like 'b'"},
      {{"v1", "v2"}, "nothing like 'v2'"},
      {{"ref", "-x"}, "the ref must not begin with '-': '-x'"},
      {{"--upload-pack=x"}, "the ref must not begin with '-'"},
      {{"a\nb"}, "the ref must not have a line break"},
      {{""}, "the ref must not be empty"},
  };
  for (const auto& [typed, says] : rows) {
    const auto read = read_deploy_words(typed);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == exit_code::usage);
    CHECK_MESSAGE(read.error().what.find(says) != std::string::npos, read.error().what);
  }
}

TEST_CASE("git state: changes, staged changes, conflicts and commits that are not pushed") {
  const struct {
    const char* printed;
    git_state state;
  } rows[] = {
      {"# branch.oid 1\n# branch.head master\n# branch.upstream origin/master\n# branch.ab +0 -3\n", {}},
      {"# branch.ab +2 -0\n", {.unpushed = 2}},
      {"# branch.oid 1\n# branch.head (detached)\n", {}},
      {"1 .M N... 100644 100644 100644 1 1 file\n", {.has_changes = true}},
      {"1 .D N... 100644 100644 000000 1 1 file\n", {.has_changes = true}},
      {"1 A. N... 000000 100644 100644 0 1 new file\n", {.has_staged = true}},
      {"1 MM N... 100644 100644 100644 1 1 file\n", {.has_changes = true, .has_staged = true}},
      {"2 R. N... 100644 100644 100644 1 1 R100 to\tfrom\n", {.has_staged = true}},
      {"u UU N... 100644 100644 100644 100644 1 2 3 file\n", {.has_conflicts = true}},
      {"? untracked\n! ignored\n", {}},
      {"", {}},
  };
  for (const auto& [printed, state] : rows)
    CHECK_MESSAGE(read_git_status(printed) == state, printed);
}
