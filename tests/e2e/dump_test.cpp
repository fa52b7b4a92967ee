// dump, resurrect, cleardump: the list outlives kill and reboot, and PM2's list can be taken over.
#include <sys/stat.h>

#include "home_fixture.hpp"

namespace e2e {

namespace {

unsigned mode_of(const std::string& path) {
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  return about.st_mode & 07777U;
}

} // namespace

TEST_CASE_FIXTURE(home_fixture,
                  "dump and resurrect: what ran runs again, what was stopped stays so, with the same ids") {
  program("idle");
  env["CANARY"] = "kept";
  done({"start", "./idle", "--name", "gone"});
  done({"start", "./idle", "--name", "up", "-i", "2", "--", "--flag"});
  done({"start", "./idle", "--name", "down"});
  done({"stop", "down"});
  done({"delete", "gone"});
  env.erase("CANARY");

  const auto saved = done({"dump"});
  CHECK(contains(saved.out + saved.err, "saved 3 processes in " + home() + "/dump.json"));
  CHECK(mode_of(path("home/dump.json")) == 0600);
  done({"kill"});
  done({"ping"});
  CHECK(processes().empty());

  done({"resurrect"});

  REQUIRE(processes().size() == 3);
  for (const auto& one : processes()) {
    const bool is_up = one.at("name") == "up";
    CHECK(one.at("pm2_env").at("status") == (is_up ? "online" : "stopped"));
    CHECK((one.at("pid") != 0) == is_up);
    CHECK(one.at("pm2_env").at("env").at("CANARY") == "kept");
  }
  CHECK(process("down").at("pm_id") == 3);
  CHECK(processes().at(0).at("pm2_env").at("args") == nlohmann::json{"--flag"});
}

TEST_CASE_FIXTURE(home_fixture, "resurrect leaves what is in the list as it is, and says so") {
  program("idle");
  done({"start", "./idle", "--name", "one"});
  done({"start", "./idle", "--name", "two"});
  done({"save"});
  done({"delete", "two"});
  const pid_t one = pid_of("one");

  const auto again = done({"resurrect"});

  CHECK(contains(again.err, "in the list already, and left as it is: one"));
  CHECK(pid_of("one") == one);
  CHECK(status_of("two") == "online");
  CHECK(processes().size() == 2);
}

TEST_CASE_FIXTURE(home_fixture,
                  "dump of an empty list leaves the file as it is, unless it is forced; cleardump empties it") {
  program("idle");
  done({"start", "./idle"});
  done({"dump"});
  done({"delete", "all"});
  const auto before = read("home/dump.json");

  CHECK(contains(done({"dump"}).err, "the list is empty"));
  CHECK(read("home/dump.json") == before);
  done({"dump", "--force"});
  CHECK_FALSE(contains(read("home/dump.json"), "idle"));
  CHECK(read("home/dump.json.bak") == before);

  done({"start", "./idle"});
  done({"dump"});
  done({"cleardump"});
  CHECK_FALSE(contains(read("home/dump.json"), "idle"));
  CHECK(processes().size() == 1);
  done({"kill"});
  done({"cleardump"});
  CHECK(living().empty());
  done({"resurrect"});
  CHECK(processes().empty());
}

TEST_CASE_FIXTURE(home_fixture, "resurrect where nothing was dumped takes the last state, and without any says so") {
  const auto nothing = run({"resurrect"});
  CHECK(nothing.exit_code == 3);
  CHECK(contains(nothing.err, "no list was ever saved"));
  CHECK_FALSE(exists("home"));

  program("idle");
  done({"start", "./idle", "--name", "up"});
  done({"start", "./idle", "--name", "down"});
  done({"stop", "down"});
  done({"kill"});
  done({"ping"});
  CHECK(processes().empty());

  done({"resurrect"});

  CHECK(status_of("up") == "online");
  CHECK(status_of("down") == "stopped");
}

TEST_CASE_FIXTURE(home_fixture, "a dump that is broken gives way to the one before it, and the user is told where") {
  program("idle");
  done({"start", "./idle", "--name", "old"});
  done({"dump"});
  done({"start", "./idle", "--name", "new"});
  done({"dump"});
  done({"kill"});
  auto text = read("home/dump.json");
  const auto at = text.find("idle");
  text[at] = 'X';
  write("home/dump.json", text, 0600);

  const auto told = done({"resurrect"});
  CHECK(contains(told.err, "the checksum does not match"));
  CHECK(contains(told.err, "dump.json.bak"));
  CHECK(status_of("old") == "online");
  CHECK(processes().size() == 1);

  write("home/dump.json.bak", "", 0600);
  const auto refused = run({"resurrect"});
  CHECK(refused.exit_code == 2);
  CHECK(contains(refused.err, "line "));
}

TEST_CASE_FIXTURE(home_fixture, "resurrect takes over the dump of a PM2, with what it cannot do named") {
  program("idle");
  write("dump.pm2",
        R"([{"name": "web", "args": ["--port", "80"], "exec_mode": "cluster_mode", "exec_interpreter": "none",
    "env": {"GREETING": "hello", "PM2_HOME": "/home/ada/.pm2", "web": "{}", "unique_id": "6a77"},
    "GREETING": "hello", "unique_id": "6a77", "status": "online", "NODE_APP_INSTANCE": 0, "instance_var": "NODE_APP_INSTANCE",
    "pm_exec_path": ")"
            + path("idle") + R"(", "pm_cwd": ")" + folder() + R"(", "windowsHide": true, "novelty": 7,
    "pm_out_log_path": "/home/ada/.pm2/logs/web-out.log", "axm_options": {}, "restart_time": 4},
   {"name": "down", "exec_mode": "fork_mode", "exec_interpreter": "none", "env": {}, "status": "stopped",
    "restart_time": 2, "pm_exec_path": ")"
            + path("idle") + R"(", "pm_cwd": ")" + folder() + R"("},
   {"name": "lost", "env": {}, "status": "online", "pm_exec_path": "/no/such/script.sh", "pm_cwd": ")"
            + folder() + R"("}])");

  const auto result = run({"resurrect", "dump.pm2"});

  CHECK(result.exit_code == 6);
  CHECK(process("web").at("pm2_env").at("exec_mode") == "fork_mode"); // node does not run it
  CHECK(contains(result.err, "'novelty'"));
  CHECK(contains(result.err, "/no/such/script.sh"));
  REQUIRE(processes().size() == 2);
  CHECK(status_of("web") == "online");
  CHECK(process("web").at("pm2_env").at("env").at("GREETING") == "hello");
  CHECK(restarts_of("web") == 0);
  CHECK(status_of("down") == "stopped");
  CHECK(restarts_of("down") == 2);
  CHECK(exists("home/logs/web-out.log"));
}

TEST_CASE_FIXTURE(home_fixture,
                  "dump, resurrect and cleardump take no excess words, and a file that is none is an error") {
  CHECK(run({"dump", "x"}).exit_code == 2);
  CHECK(run({"cleardump", "x"}).exit_code == 2);
  CHECK(run({"resurrect", "x", "y"}).exit_code == 2);
  CHECK(run({"resurrect", "missing.json"}).exit_code == 3);
  write("text", "hello\n");
  CHECK(run({"resurrect", "text"}).exit_code == 2);
  CHECK(contains(done({"dump", "--help"}).out, "--force"));
  CHECK(run({"resurrect", "--help"}).exit_code == 0);
  CHECK(run({"cleardump", "--help"}).exit_code == 0);
}

} // namespace e2e
