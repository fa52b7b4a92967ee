// restart and start of what is in the list already, with options.
#include "home_fixture.hpp"

namespace e2e {

TEST_CASE_FIXTURE(home_fixture, "restart with options changes those attributes for good") {
  fifo report{path("report")};
  write("app.sh", "echo \"$name $* $PORT\" > report; exec sleep 1000\n");
  done({"start", "app.sh", "--", "-a", "23"});
  CHECK(report.line() == "app -a 23 ");

  done({"restart", "app", "--name", "renamed", "--max-restarts", "300", "--port", "80", "--", "-b"});
  CHECK(report.line() == "renamed -b 80");
  CHECK(run({"restart", "app"}).exit_code == 3);
  done({"restart", "renamed"});
  CHECK(report.line() == "renamed -b 80");
  CHECK(process("renamed").at("pm2_env").at("max_restarts") == 300);
  done({"start", "renamed", "--kill-timeout", "3s"});
  CHECK(report.line() == "renamed -b 80");
  CHECK(process("renamed").at("pm2_env").at("kill_timeout") == 3000);
}

TEST_CASE_FIXTURE(home_fixture, "a name is given to one app only, and then nothing is restarted") {
  program("idle");
  done({"start", "./idle", "--name", "a"});
  done({"start", "./idle", "--name", "b"});

  CHECK(run({"restart", "all", "--name", "c"}).exit_code == 2);
  CHECK(run({"restart", "a", "--name", "b"}).exit_code == 2);
  CHECK(run({"restart", "a", "--name", "all"}).exit_code == 2);

  CHECK(restarts_of("a") == 0);
  CHECK(restarts_of("b") == 0);
}

TEST_CASE_FIXTURE(home_fixture, "options that cannot change what is there are named, and the rest is done") {
  program("idle");
  done({"start", "./idle", "--name", "a"});
  const auto result = run({"restart", "a", "-i", "3", "--name-prefix", "x", "--max-restarts", "2"});
  CHECK(result.exit_code == 0);
  CHECK(contains(result.err, "without effect on what is in the list already: --instances, --name-prefix"));
  CHECK(processes().size() == 1);
  CHECK(process("a").at("pm2_env").at("max_restarts") == 2);
}

TEST_CASE_FIXTURE(home_fixture, "with a file all options but a few are dropped, and one warning names them") {
  program("idle");
  write("ecosystem.json", R"([{"name": "a", "script": "./idle"}])");
  for (const char* verb : {"start", "restart"}) {
    const auto result =
        run({verb, "ecosystem.json", "--name", "b", "--max_restarts", "2", "--namespace", "n", "--", "x"});
    CHECK(result.exit_code == 0);
    CHECK(contains(result.err, "without effect on a file of apps: --max-restarts, --name\n"));
    CHECK(contains(result.err, "without effect on a file of apps: the arguments behind --"));
    CHECK(processes().size() == 1);
    CHECK(process("a").at("pm2_env").at("namespace") == "n");
    CHECK(process("a").at("pm2_env").at("max_restarts") == 15);
  }
}

TEST_CASE_FIXTURE(home_fixture,
                  "start of what is in the list restarts it: by name, namespace, id, expression and all") {
  program("idle");
  write("ecosystem.json", R"([{"name": "a", "script": "./idle", "namespace": "n"},
                              {"name": "b", "script": "./idle", "namespace": "n"},
                              {"name": "c", "script": "./idle"}])");
  done({"start"});
  const auto restarted_by = [&](const std::string& target) {
    const auto before = processes();
    done({"start", target});
    std::string names;
    for (const auto& row : before)
      if (pid_of(row.at("name").get<std::string>()) != row.at("pid"))
        names += row.at("name");
    return names;
  };
  CHECK(restarted_by("a") == "a");
  CHECK(restarted_by("n") == "ab");
  CHECK(restarted_by(process("c").at("pm_id").dump()) == "c");
  CHECK(restarted_by("/[bc]/") == "bc");
  CHECK(restarted_by("all") == "abc");
  CHECK(run({"start", "99"}).exit_code == 3);
  CHECK(run({"start", "/nothing/"}).exit_code == 3);
}

TEST_CASE_FIXTURE(home_fixture,
                  "the same script again is refused while it runs; --force adds another one with the next number") {
  program("idle");
  done({"start", "./idle"});
  const auto refused = run({"start", "./idle"});
  CHECK(refused.exit_code == 4);
  CHECK(contains(refused.err, "--force"));
  done({"start", "./idle", "-f"});
  CHECK(processes().size() == 2);
  done({"start", "./idle", "--name", "other"}); // another name is another app
  CHECK(processes().size() == 3);

  write("ecosystem.json", R"([{"name": "filed", "script": "./idle"}])");
  done({"start", "ecosystem.json"});
  done({"start", "ecosystem.json", "--force"});
  CHECK(processes().size() == 5);

  done({"stop", "idle"}); // both are meant by their name
  done({"start", "idle"});
  for (const auto& row : processes())
    CHECK(row.at("pm2_env").at("status") == "online");
}

TEST_CASE_FIXTURE(
    home_fixture,
    "stop, restart and delete find an app by the path of its script, and read a file from standard input") {
  program("idle");
  done({"start", "./idle", "--name", "a"});
  done({"stop", "./idle"});
  CHECK(status_of("a") == "stopped");
  done({"restart", path("idle")});
  CHECK(status_of("a") == "online");

  write("apps.json", R"([{"name": "a", "script": "./idle"}])");
  const auto from_input = [&](const char* verb) {
    command by_file = procvisor({verb, "-"});
    by_file.input = path("apps.json");
    return e2e::run(by_file).exit_code;
  };
  CHECK(from_input("stop") == 0);
  CHECK(status_of("a") == "stopped");
  CHECK(from_input("restart") == 0);
  CHECK(status_of("a") == "online");
  CHECK(from_input("delete") == 0);
  CHECK(processes().empty());
}

TEST_CASE_FIXTURE(home_fixture, "several targets of start are taken in their order, up to the first that fails") {
  program("idle");
  write("one.json", R"([{"name": "one", "script": "./idle"}])");
  write("two.json", R"([{"name": "two", "script": "./idle"}])");
  done({"start", "one.json", "two.json", "./idle"});
  CHECK(processes().size() == 3);
  const int before = restarts_of("two");
  CHECK(run({"start", "one", "no-such-thing", "two"}).exit_code == 6);
  CHECK(restarts_of("one") == 1);
  CHECK(restarts_of("two") == before);
}

} // namespace e2e
