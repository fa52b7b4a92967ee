#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "cli/outcome.hpp"

using namespace procvisor;
using namespace procvisor::cli;

namespace {

nlohmann::json done(int id, const char* name, int pid = 0) {
  return {{"id", id}, {"name", name}, {"pid", pid}};
}

error failure(exit_code code) {
  return {code, "it failed", "do something"};
}

} // namespace

TEST_CASE("outcome: the exit code says whether all, some or none of the targets were done") {
  outcome what;
  CHECK(exit_code_of(what) == exit_code::done);
  what.add_failure("a", failure(exit_code::not_found));
  CHECK(exit_code_of(what) == exit_code::not_found);
  what.add_failure("b", failure(exit_code::not_found));
  CHECK(exit_code_of(what) == exit_code::not_found);
  what.add_failure("c", failure(exit_code::start_failed));
  CHECK(exit_code_of(what) == exit_code::other);
  what.add({{"done", {done(0, "web")}}});
  CHECK(exit_code_of(what) == exit_code::partly);
}

TEST_CASE("outcome: of an app that is reloaded no part is done where another part has failed") {
  outcome what;
  what.is_by_app = true;
  what.add({{"done", {done(0, "web")}}});
  what.add_failure("web", failure(exit_code::not_ready));
  CHECK(exit_code_of(what) == exit_code::not_ready);
  what.add({{"done", {done(2, "db")}}});
  CHECK(exit_code_of(what) == exit_code::partly);
}

TEST_CASE("outcome: a code that the wire does not know counts as any other failure") {
  outcome what;
  what.add({{"failed", {{{"name", "web"}, {"code", 99}, {"message", "no"}}}}});
  CHECK(exit_code_of(what) == exit_code::other);
  what = {};
  what.add({{"failed", {{{"name", "web"}, {"code", 0}, {"message", "no"}}}}});
  CHECK(exit_code_of(what) == exit_code::other);
}

TEST_CASE("outcome: each process gets a line, with its pid where it runs") {
  outcome what;
  what.add({{"done", {done(0, "web", 42), done(1, "db")}}});
  CHECK(outcome_lines(what, "started") == std::vector<std::string>{"started web (id 0, pid 42)", "started db (id 1)"});
}

TEST_CASE("outcome: many processes get one line together") {
  outcome what;
  for (int id = 0; id < 1000; ++id)
    what.add({{"done", {done(id, "web")}}});
  CHECK(outcome_lines(what, "stopped") == std::vector<std::string>{"stopped 1000 processes"});
}

TEST_CASE("outcome: a failure is reported with the daemon's message and hint") {
  outcome what;
  what.add({{"failed", {{{"name", "web"}, {"code", 4}, {"message", "cannot start 'web'"}, {"hint", "chmod +x"}}}}});
  std::vector<error> failures = failures_of(what);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].code == exit_code::start_failed);
  CHECK(failures[0].what == "cannot start 'web'");
  CHECK(failures[0].hint == "chmod +x");
}
