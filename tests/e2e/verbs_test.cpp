// Verbs that have no file of their own.
#include "home_fixture.hpp"

namespace e2e {

namespace {

/// "0:0 1:1": pm_id and NODE_APP_INSTANCE of each process, in the order of their ids.
std::string slots(const nlohmann::json& processes) {
  std::string text;
  for (const auto& row : processes)
    text += (text.empty() ? "" : " ") + row.at("pm_id").dump() + ":" + row.at("pm2_env").at("NODE_APP_INSTANCE").dump();
  return text;
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "scale starts more processes of an app, or deletes those of the highest slots") {
  program("idle");
  done({"start", "./idle", "--name", "web"});

  const auto grown = done({"scale", "web", "4"});
  CHECK(contains(grown.err, "started web (id 3"));
  CHECK(slots(processes()) == "0:0 1:1 2:2 3:3");
  done({"scale", "web", "-1"});
  CHECK(slots(processes()) == "0:0 1:1 2:2");
  const auto shrunk = done({"scale", "web", "1"});
  CHECK(contains(shrunk.err, "deleted web (id 2)"));
  CHECK(slots(processes()) == "0:0");
  done({"scale", "0", "+2"});
  CHECK(slots(processes()) == "0:0 1:1 2:2");
  for (const auto& row : processes())
    CHECK(row.at("pm2_env").at("status") == "online");

  const auto same = done({"scale", "web", "3"});
  CHECK(contains(same.err, "nothing to do"));
  CHECK(nlohmann::json::parse(done({"scale", "web", "+1", "--json"}).out).at("done").size() == 1);
}

TEST_CASE_FIXTURE(home_fixture, "scale says what it cannot do, and changes nothing") {
  program("idle");
  done({"start", "./idle", "--name", "web"});
  done({"start", "./idle", "--name", "db"});

  CHECK(run({"scale", "web"}).exit_code == 2);
  CHECK(run({"scale"}).exit_code == 2);
  CHECK(run({"scale", "web", "2", "3"}).exit_code == 2);
  for (const char* amount : {"0", "-1", "many", "1.5", "", "99999999999999999999", "10001", "+2147483647"}) {
    CAPTURE(amount);
    CHECK(run({"scale", "web", amount}).exit_code == 2);
  }
  CHECK(run({"scale", "all", "2"}).exit_code == 2);
  CHECK(run({"scale", "wbe", "2"}).exit_code == 3);
  CHECK(slots(processes()) == "0:0 1:0");
}

TEST_CASE_FIXTURE(home_fixture, "reset sets the counters of restarts to zero") {
  program("idle");
  done({"start", "./idle"});
  done({"restart", "idle"});
  REQUIRE(restarts_of("idle") == 1);
  const auto pid = pid_of("idle");

  const auto reset = done({"reset", "idle"});

  CHECK(contains(reset.err, "reset idle"));
  CHECK(restarts_of("idle") == 0);
  CHECK(pid_of("idle") == pid);
  done({"restart", "idle"});
  done({"reset", "all"});
  CHECK(restarts_of("idle") == 0);
  CHECK(run({"reset", "other"}).exit_code == 3);
  CHECK(run({"reset"}).exit_code == 2);
}

TEST_CASE_FIXTURE(home_fixture, "startOrRestart starts the apps of a file, and restarts those that run") {
  program("idle");
  write("apps.json", R"([{"name": "a", "script": "./idle"}, {"name": "b", "script": "./idle"}])");
  done({"start", "apps.json", "--only", "a"});
  const auto before = pid_of("a");

  done({"startOrRestart", "apps.json"});

  CHECK(pid_of("a") != before);
  CHECK(restarts_of("a") == 1);
  CHECK(status_of("b") == "online");
  CHECK(restarts_of("b") == 0);
  CHECK(run({"startOrRestart", "a"}).exit_code == 2);
  CHECK(run({"startOrRestart", "none.json"}).exit_code == 2);
  CHECK(run({"startOrRestart"}).exit_code == 2);
}

TEST_CASE_FIXTURE(home_fixture, "id and pid print numbers alone, for scripts") {
  CHECK(run({"pid"}).out.empty());
  program("idle");
  done({"start", "./idle", "--name", "web", "-i", "2", "-x"});
  done({"start", "./idle", "--name", "db"});
  done({"stop", "db"});

  CHECK(done({"id", "web"}).out == "[ 0, 1 ]\n");
  CHECK(done({"id", "db"}).out == "[ 2 ]\n");
  CHECK(done({"id", "web", "--json"}).out == "[0,1]\n");
  const auto unknown = run({"id", "no-such"});
  CHECK(unknown.out == "[]\n"); // as PM2
  CHECK(unknown.exit_code == 3);
  CHECK(run({"id"}).exit_code == 2);

  const auto pids = lines_of(done({"pid", "web"}).out);
  REQUIRE(pids.size() == 2);
  CHECK(pids[0] == processes()[0].at("pid").dump());
  CHECK(done({"pid", "db"}).out == "0\n");
  CHECK(lines_of(done({"pid"}).out).size() == 3);
  CHECK(run({"pid", "no-such"}).exit_code == 3);
  CHECK(run({"pid", "no-such"}).out.empty());
}

TEST_CASE_FIXTURE(home_fixture, "env prints the variables of one process, one a line whatever is in them") {
  program("idle");
  env["LINES_OF_TEXT"] = "one\ntwo\033[2J";
  write("apps.json",
        R"([{"name": "web", "script": "./idle", "env": {"COLOUR": "blue"}, "instances": 2, "exec_mode": "fork"}])");
  done({"start", "apps.json"});

  const auto shown = done({"env", "1"}).out;
  CHECK(contains(shown, "COLOUR: blue\n"));
  CHECK(contains(shown, "NODE_APP_INSTANCE: 1\n"));
  CHECK(contains(shown, "LINES_OF_TEXT: one\\x0atwo\\x1b[2J\n"));
  CHECK(nlohmann::json::parse(done({"env", "0", "--json"}).out).at("LINES_OF_TEXT") == env["LINES_OF_TEXT"]);
  CHECK(run({"env", "web"}).exit_code == 2); // which of the two?
  CHECK(run({"env", "9"}).exit_code == 3);
  CHECK(run({"env"}).exit_code == 2);
}

TEST_CASE_FIXTURE(home_fixture, "prettylist is jlist in the form of Node's util.inspect") {
  CHECK(done({"prettylist"}).out == "[]\n");
  program("idle");
  done({"start", "./idle", "--", "--port", "80"});
  done({"stop", "idle"}); // or its uptime and memory differ from one list to the next

  const auto shown = done({"prettylist"}).out;
  CHECK(contains(shown, "      status: 'stopped'"));
  CHECK(contains(shown, "      args: [ '--port', '80' ]"));
  CHECK(nlohmann::json::parse(done({"prettylist", "--json"}).out) == processes());
  CHECK(run({"prettylist", "idle"}).exit_code == 2);

  if (!has_program("node"))
    return;
  write("list.json", done({"jlist"}).out);
  const auto node = e2e::run({{"node", "-e",
                               "const sorted = v => Array.isArray(v) ? v.map(sorted) : v && typeof v == 'object' ? "
                               "Object.fromEntries(Object.keys(v).sort().map(k => [k, sorted(v[k])])) : v;"
                               "const list = sorted(JSON.parse(require('fs').readFileSync('list.json')));"
                               "console.log(require('util').inspect(list, { depth: null, maxArrayLength: null }))"},
                              env,
                              folder(),
                              {}});
  CHECK(node.out == shown);
}

TEST_CASE_FIXTURE(home_fixture, "a mini list has the lines of PM2's") {
  program("idle");
  done({"start", "./idle"});

  const auto lines = lines_of(done({"list", "-m"}).out);

  std::string keys;
  for (const auto& line : lines)
    keys += line.substr(0, line.find(" :")) + "|";
  CHECK(keys
        == "+--- idle|namespace|version|pid|pm2 id|status|mode|restarted|uptime|memory usage|error log|watching|PID "
           "file||");
  CHECK(contains(done({"list", "-m"}).out, "error log : " + home() + "/logs/idle-error.log\n"));
  CHECK(contains(done({"list", "-m"}).out, "PID file : " + home() + "/pids/idle-0.pid\n"));
}

} // namespace e2e
