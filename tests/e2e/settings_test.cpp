// Settings of the home: set, get, unset, multiset and conf.
#include <sys/stat.h>

#include "home_fixture.hpp"

namespace e2e {

TEST_CASE_FIXTURE(home_fixture, "a setting counts for apps that do not say otherwise") {
  program("idle");
  done({"set", "KILL_TIMEOUT", "2s"});
  done({"start", "./idle"});
  done({"start", "./idle", "--name", "own", "--kill-timeout", "700"});
  write("apps.json", R"([{"name": "filed", "script": "./idle"}])");
  done({"start", "apps.json"});

  CHECK(process("idle").at("pm2_env").at("kill_timeout") == 2000);
  CHECK(process("own").at("pm2_env").at("kill_timeout") == 700);
  CHECK(process("filed").at("pm2_env").at("kill_timeout") == 2000);

  env["PM2_KILL_TIMEOUT"] = "900"; // the caller's own variable counts more
  done({"startOrRestart", "apps.json"});
  CHECK(process("filed").at("pm2_env").at("kill_timeout") == 900);
  env["PROCVISOR_KILL_TIMEOUT"] = "never";
  CHECK(run({"start", "apps.json"}).exit_code == 2);
}

TEST_CASE_FIXTURE(home_fixture, "set, get, unset, multiset and conf edit one file, which is the owner's alone") {
  CHECK(run({"get", "KILL_TIMEOUT"}).exit_code == 3);
  done({"set", "PM2_KILL_TIMEOUT", "3000"});
  struct stat about {};
  REQUIRE(::stat(path("home/options").c_str(), &about) == 0);
  CHECK((about.st_mode & 07777) == 0600);
  CHECK(read("home/options") == "KILL_TIMEOUT=3000\n");
  CHECK(done({"get", "KILL_TIMEOUT"}).out == "3000\n");
  CHECK(done({"conf", "KILL_TIMEOUT"}).out == "3000\n");

  done({"multiset", "KILL_TIMEOUT 4s INSTANCE_VAR WORKER"});
  CHECK(done({"get"}).out == "INSTANCE_VAR=WORKER\nKILL_TIMEOUT=4s\n");
  CHECK(nlohmann::json::parse(done({"conf", "--json"}).out)
        == nlohmann::json{{"INSTANCE_VAR", "WORKER"}, {"KILL_TIMEOUT", "4s"}});
  done({"conf", "KILL_TIMEOUT", "5s"});
  CHECK(done({"get", "KILL_TIMEOUT"}).out == "5s\n");
  done({"unset", "KILL_TIMEOUT"});
  CHECK(run({"get", "KILL_TIMEOUT"}).exit_code == 3);
  done({"unset", "all"});
  CHECK(done({"get"}).out.empty());
  CHECK(living().empty()); // none of it needs a daemon
}

TEST_CASE_FIXTURE(home_fixture, "what is no setting, or no value of it, is refused and changes nothing") {
  const auto unknown = run({"set", "KIL_TIMEOUT", "3"});
  CHECK(unknown.exit_code == 2);
  CHECK(contains(unknown.err, "KILL_TIMEOUT"));
  CHECK(run({"set", "KILL_TIMEOUT", "soon"}).exit_code == 2);
  CHECK(run({"set", "KILL_TIMEOUT", "-1"}).exit_code == 2);
  CHECK(run({"set", "INSTANCE_VAR", "a\nb"}).exit_code == 2);
  CHECK(run({"multiset", "KILL_TIMEOUT 3 INSTANCE_VAR"}).exit_code == 2);
  CHECK(run({"multiset", "KILL_TIMEOUT 3 NO_SUCH 4"}).exit_code == 2);
  CHECK(run({"get", "NO_SUCH"}).exit_code == 2);
  CHECK(run({"unset", "NO_SUCH"}).exit_code == 2);
  CHECK_FALSE(exists("home/options"));

  program("idle");
  write("home/options", "export PM2_KILL_TIMEOUT=2000\nPM2_UNHEARD_OF=1\n", 0600);
  REQUIRE(::chmod(home().c_str(), 0700) == 0);
  CHECK(contains(done({"start", "./idle"}).err, "options, line 2"));
  CHECK(process("idle").at("pm2_env").at("kill_timeout") == 2000);
}

TEST_CASE_FIXTURE(home_fixture, "a report says what runs where, and no value of a variable") {
  CHECK(contains(done({"report"}).out, "none runs"));
  program("idle");
  env["SECRET"] = "canary-51d2";
  done({"start", "./idle"});

  const auto report = done({"report"}).out;

  for (const char* part : {"--- procvisor report ---", "version", "protocol", "keeper", "uptime", "kernel", "idle",
                           "=== procvisor.log", "online"})
    CHECK_MESSAGE(contains(report, part), part);
  CHECK(contains(report, home()));
  CHECK_FALSE(contains(report, "canary"));
  const auto json = nlohmann::json::parse(done({"report", "--json"}).out);
  CHECK(json.at("daemon").at("keeper") == keeper_pid());
  CHECK(json.at("processes").size() == 1);
  CHECK_FALSE(json.at("log").empty());
}

} // namespace e2e
