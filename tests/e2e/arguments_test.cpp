// The words that an app gets, and the names that it may have.
#include "home_fixture.hpp"

namespace e2e {

namespace {

struct argument_fixture : home_fixture {
  fifo report{path("report")};

  argument_fixture() {
    program("probe");
    env["REPORT"] = report.path();
  }

  /// The arguments that the probe has got, between brackets each.
  std::string arguments() {
    std::string found;
    for (std::string line = report.line(); line != "end"; line = report.line())
      if (line.starts_with("arg="))
        found += "[" + line.substr(4) + "]";
    return found;
  }

  std::string arguments_of_file(const std::string& keys) {
    write("ecosystem.json", R"([{"name": "app", "script": "./probe", )" + keys + "}]");
    done({"start", "ecosystem.json"});
    return arguments();
  }
};

} // namespace

TEST_CASE_FIXTURE(argument_fixture, "args of a file: a list, words with quotes, and the old list in a string") {
  CHECK(arguments_of_file(R"("args": ["--queue", "two words", "$HOME", "*"])") == "[--queue][two words][$HOME][*]");
  CHECK(arguments_of_file(R"("args": "-a \"b c\" sitename='first pm2 app'")") == "[-a][b c][sitename=first pm2 app]");
  CHECK(arguments_of_file(R"("args": "['--toto=heya coco', '-d', '1']")") == "[--toto=heya coco][-d][1]");
  CHECK(arguments_of_file(R"("args": [])").empty());
}

TEST_CASE_FIXTURE(argument_fixture, "arguments behind -- go to the app as they are") {
  done({"start", "./probe", "--name", "app", "--", "--name", "x y", "-i", "", "ä"});
  CHECK(arguments() == "[--name][x y][-i][][ä]");

  done({"restart", "app"});
  CHECK(arguments() == "[--name][x y][-i][][ä]");
}

TEST_CASE_FIXTURE(home_fixture, "node_args come before the script") {
  if (!has_program("node")) {
    MESSAGE("left out: node is not there");
    return;
  }
  fifo report{path("report")};
  write("app.js", "require('fs').writeFileSync('report', process.execArgv + '|' + process.argv.slice(2) + '\\n');"
                  "setInterval(() => {}, 1e6);");
  done({"start", "app.js", "--node-args", "--no-warnings --stack-size=900", "--", "one", "two"});

  CHECK(report.line() == "--no-warnings,--stack-size=900|one,two");
}

TEST_CASE_FIXTURE(home_fixture, "the extension chooses the interpreter, or --interpreter does") {
  fifo report{path("report")};
  write("by-extension.sh", "echo \"bash ${BASH_VERSION:+yes}\" > report; exec sleep 1000\n");
  write("by-option.txt", "echo option > report; exec sleep 1000\n");
  write("by-line", "#!/bin/sh\necho line > report; exec sleep 1000\n", 0755);

  done({"start", "by-extension.sh"});
  CHECK(report.line() == "bash yes");
  done({"start", "by-option.txt", "--interpreter", "sh"});
  CHECK(report.line() == "option");
  done({"start", "./by-line"});
  CHECK(report.line() == "line");
  done({"start", "echo command $((1 + 1)) > report; exec sleep 1000", "--name", "line"});
  CHECK(report.line() == "command 2");
  done({"start", "sleep", "--", "1000"}); // a program in PATH
  CHECK(status_of("sleep") == "online");
}

TEST_CASE_FIXTURE(home_fixture, "names may have spaces and any letters, or be a verb's") {
  program("idle");
  for (const std::string name : {"grüße 日本語", "two words", "it's \"so\"", "list", "kill", "a.b:c", "100%"}) {
    CAPTURE(name);
    done({"start", "./idle", "--name", name});
    CHECK(status_of(name) == "online");
    CHECK(contains(done({"list"}).out, name));
    done({"stop", name});
    CHECK(status_of(name) == "stopped");
  }
  CHECK(processes().size() == 7);
}

TEST_CASE_FIXTURE(home_fixture, "a name that could be taken for something else is refused") {
  program("idle");
  for (const std::string name : {"--", "-x", "all", "/web/", "a/b", "", "a\x01", "a\x7f"}) {
    CAPTURE(name);
    CHECK(run({"start", "./idle", "--name=" + name}).exit_code == 2);
  }
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(home_fixture, "an app whose name is a number is found by it, before a process that has that id") {
  program("idle");
  done({"start", "./idle", "--name", "4000"});

  done({"stop", "4000"});

  CHECK(status_of("4000") == "stopped");
  done({"start", "./idle", "--name", "0"});
  done({"delete", "0"});
  CHECK(processes().size() == 1);
  CHECK(process("4000").at("pm_id") == 0);
}

TEST_CASE_FIXTURE(home_fixture, "instances are processes of their own, with a number in a variable of their choice") {
  fifo report{path("report")};
  write("app.sh", "echo $NUMBER > report; exec sleep 1000\n");
  done({"start", "app.sh", "-i", "3", "--instance-var", "NUMBER"});

  CHECK(std::stoi(report.line()) + std::stoi(report.line()) + std::stoi(report.line()) == 0 + 1 + 2);
  CHECK(processes().size() == 3);
}

TEST_CASE_FIXTURE(home_fixture, "env of a file comes over the caller's environment, and env_name over env") {
  fifo report{path("report")};
  write("app.sh", "echo $FROM_CALLER $FROM_ENV $FROM_PRODUCTION > report; exec sleep 1000\n");
  write("ecosystem.json", R"([{"name": "app", "script": "app.sh",
    "env": {"FROM_ENV": "env", "FROM_PRODUCTION": "env"}, "env_production": {"FROM_PRODUCTION": 3}}])");
  env["FROM_CALLER"] = "caller";
  env["FROM_ENV"] = "caller";

  done({"start"});
  CHECK(report.line() == "caller env env");
  done({"restart", "ecosystem.json", "--env", "production"});
  CHECK(report.line() == "caller env 3");
}

} // namespace e2e
