#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "config/changes.hpp"
#include "core/option_table.hpp"
#include "temp_folder.hpp"

using namespace procvisor;
using namespace procvisor::config;
using nlohmann::json;
using words = std::vector<std::string>;

namespace {

struct changes_fixture {
  temp_folder folder;
  caller who{folder.path(), folder / "bin", folder / "home"};

  changes_fixture() {
    folder.write("bin/perl", "#!/bin/sh\n", 0755);
    folder.write("sub/x", "");
  }
  spec_change change(given_options options, words args = {}, bool has_args = false) {
    auto out = read_change({std::move(options), std::move(args), has_args, who});
    REQUIRE_MESSAGE(out, out.error().what);
    return *std::move(out);
  }
  std::string problem(given_options options) {
    const auto out = read_change({std::move(options), {}, false, who});
    REQUIRE(!out);
    CHECK(out.error().code == exit_code::usage);
    return out.error().what;
  }
};

} // namespace

TEST_CASE_FIXTURE(changes_fixture, "changes: only what was given changes") {
  CHECK(change({}).keys.is_null());
  CHECK(change({{"max_restarts", {"3"}}, {"name", {"web"}}}).keys == json{{"max_restarts", 3}, {"name", "web"}});
  CHECK(change({{"kill_timeout", {"5s"}}}).keys == json{{"kill_timeout", 5000}});
  CHECK(change({{"treekill", {"false"}}}).keys == json{{"treekill", false}});
}

TEST_CASE_FIXTURE(changes_fixture,
                  "changes: a default is null where the wire leaves it out, so that it replaces another value") {
  CHECK(change({{"filter_env", {"false"}}}).keys == json{{"filter_env", nullptr}});
  CHECK(change({{"disable_logs", {"false"}}}).keys == json{{"disable_logs", nullptr}});
  app_spec spec;
  spec.disable_logs = true;
  CHECK(!spec_with(spec, {{"disable_logs", nullptr}}).value().disable_logs);
}

TEST_CASE_FIXTURE(changes_fixture, "changes: arguments behind -- replace those of the app, none as well") {
  CHECK(change({}, {"a b", "-c"}, true).keys == json{{"args", {"a b", "-c"}}});
  CHECK(change({}, {}, true).keys == json{{"args", nullptr}});
  app_spec spec;
  spec.args = {"old"};
  CHECK(spec_with(spec, {{"args", nullptr}}).value().args.empty());
}

TEST_CASE_FIXTURE(changes_fixture,
                  "changes: what follows from an option comes along: paths, interpreters, groups, PORT") {
  CHECK(change({{"output", {"o.log"}}}).keys == json{{"out_file", folder / "o.log"}});
  CHECK(change({{"out_file", {"o.log"}}, {"cwd", {"sub"}}}).keys
        == json{{"out_file", folder / "sub/o.log"}, {"cwd", folder / "sub"}});
  CHECK(change({{"interpreter", {"perl"}}}).keys
        == json{{"exec_interpreter", "perl"}, {"interpreter_path", folder / "bin/perl"}});
  CHECK(change({{"interpreter", {"none"}}}).keys == json{{"exec_interpreter", "none"}, {"interpreter_path", nullptr}});
  CHECK(change({{"port", {"80"}}}).keys == json{{"env", {{"PORT", "80"}}}});
  app_spec spec;
  spec.env = {{"A", "1"}, {"PORT", "1"}};
  CHECK(spec_with(spec, {{"env", {{"PORT", "80"}}}}).value().env == environment{{"A", "1"}, {"PORT", "80"}});
}

TEST_CASE_FIXTURE(changes_fixture, "changes: options that say how an app is entered in the list are named") {
  const auto out =
      change({{"instances", {"2"}}, {"name_prefix", {"x"}}, {"write", {}}, {"exec_mode", {}}, {"force", {}}});
  CHECK(out.keys.is_null());
  CHECK(out.dropped == words{"--instances", "--name-prefix", "--write"});
}

TEST_CASE_FIXTURE(changes_fixture, "changes: a bad value is one clear message") {
  CHECK(problem({{"max_restarts", {"many"}}}) == "--max-restarts must be a number from 0 to 2147483647, not 'many'");
  CHECK(problem({{"name", {"a/b"}}}) == "--name 'a/b' contains '/'");
  CHECK(problem({{"namespace", {"all"}}}) == "--namespace 'all' means every app on a command line");
  CHECK(problem({{"interpreter", {"nix"}}}) == "the interpreter 'nix' is not in PATH");
  CHECK(problem({{"cwd", {"gone"}}}) == "--cwd: no such folder: '" + (folder / "gone") + "'");
}
