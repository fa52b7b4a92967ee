// What single keys of an app do, as the app sees it.
#include "home_fixture.hpp"

namespace e2e {

namespace {

/// An app that reports one line of variables each time that it is launched.
struct keys_fixture : home_fixture {
  fifo report{path("report")};

  void reporting(const std::string& words) const {
    write("app.sh", "echo \"" + words + "\" > report; exec sleep 1000\n");
  }
  std::string file(const std::string& keys) const {
    write("ecosystem.json", R"([{"script": "app.sh", )" + keys + "}]");
    return "ecosystem.json";
  }
};

} // namespace

TEST_CASE_FIXTURE(keys_fixture,
                  "filter_env keeps variables of the caller from an app: all, one, or those with a part") {
  reporting("$AWS_KEY-$MY_AWS-$HOME-$MINE");
  env["AWS_KEY"] = "1";
  env["MY_AWS"] = "2";
  env["HOME"] = "/h";

  done({"start", file(R"("name": "none", "env": {"MINE": 3})")});
  CHECK(report.line() == "1-2-/h-3");
  done({"start", file(R"("name": "one", "env": {"MINE": 3}, "filter_env": "AWS_KEY")")});
  CHECK(report.line() == "-2-/h-3");
  done({"start", file(R"("name": "parts", "env": {"MINE": 3}, "filterEnv": ["AWS"])")});
  CHECK(report.line() == "--/h-3");
  done({"start", "app.sh", "--name", "options", "--filter-env", "MY_", "--filter_env", "KEY"});
  CHECK(report.line() == "--/h-");
  done({"start", file(R"("name": "bare", "env": {"MINE": 3, "PATH": "/usr/bin:/bin"}, "filter_env": true)")});
  CHECK(report.line() == "---3");
  CHECK(!process("bare").at("pm2_env").at("env").contains("HOME"));
}

TEST_CASE_FIXTURE(keys_fixture, "port sets PORT, and increment_var counts it up from process to process") {
  reporting("$PORT $NODE_APP_INSTANCE");
  done({"start", file(R"("name": "one", "port": 9005)")});
  CHECK(report.line() == "9005 0");

  done({"start",
        file(R"("name": "three", "port": "9005", "increment_var": "PORT", "instances": 3, "autostart": false)")});
  std::vector<std::string> ports;
  for (const auto& row : processes())
    if (row.at("name") == "three")
      ports.push_back(row.at("pm2_env").at("env").at("PORT"));
  CHECK(ports == std::vector<std::string>{"9005", "9006", "9007"});
}

TEST_CASE_FIXTURE(keys_fixture, "name_prefix, an option too, and append_env_to_name are part of the name") {
  reporting("$name");
  done({"start", file(R"("name": "web", "name_prefix": "shop", "append_env_to_name": true, "env_test": {"A": 1})"),
        "--env", "test"});
  CHECK(report.line() == "shop:web-test");
  done({"stop", "shop:web-test"});
  done({"delete", "ecosystem.json", "--env", "test"});
  CHECK(processes().empty());

  done({"start", "app.sh", "--name-prefix", "shop"});
  CHECK(report.line() == "shop:app");
}

TEST_CASE_FIXTURE(keys_fixture, "write puts the resolved app into <name>-pm2.json, which starts it again") {
  reporting("$A $NODE_APP_INSTANCE");
  done({"start", file(R"("name": "web", "instances": 1, "write": true, "env": {"A": "file"})")});
  CHECK(report.line() == "file 0");
  CHECK(nlohmann::json::parse(read("web-pm2.json")).at("apps").at(0).at("script") == path("app.sh"));
  done({"delete", "web"});

  done({"start", "web-pm2.json"});
  CHECK(report.line() == "file 0");

  done({"start", "app.sh", "--name", "other", "-w"});
  CHECK(exists("other-pm2.json"));
}

TEST_CASE_FIXTURE(keys_fixture, "write does not replace a file that says something else, and then nothing is started") {
  reporting("$A");
  write("app-pm2.json", "{\"mine\": true}");

  const auto refused = run({"start", "app.sh", "--write"});

  CHECK(refused.exit_code == 2);
  CHECK(contains(refused.err, "says something else"));
  CHECK(read("app-pm2.json") == "{\"mine\": true}");
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(home_fixture,
                  "-x and executeCommand mean fork, with a mode behind them or without; cluster is for node alone") {
  program("idle");
  done({"start", "-x", "./idle", "--name", "a"});
  done({"start", "-x", "fork", "./idle", "--name", "b"});
  done({"start", "./idle", "--execute_command", "--name", "c"});
  done({"start", "./idle", "--exec-mode=fork_mode", "--name", "d"});
  write("ecosystem.json", R"([{"name": "e", "script": "./idle", "executeCommand": true},
                              {"name": "f", "script": "./idle", "exec_mode": "fork_mode"}])");
  done({"start", "ecosystem.json"});
  for (const auto& row : processes())
    CHECK(row.at("pm2_env").at("exec_mode") == "fork_mode");
  CHECK(processes().size() == 6);

  for (const std::string mode : {"cluster", "cluster_mode"}) {
    const auto refused = run({"start", "./idle", "--name", "g", "-x", mode});
    CHECK(refused.exit_code == 2);
    CHECK(contains(refused.err, "cluster mode is that of node"));
  }
  CHECK(processes().size() == 6);
}

TEST_CASE_FIXTURE(home_fixture, "keys that are PM2's own are accepted, and one warning lists them") {
  program("idle");
  write("ecosystem.json", R"([{"script": "./idle", "pmx": false, "windowsHide": true, "vizion": true},
                              {"name": "b", "script": "./idle", "pmx": false, "source_map_support": true}])");

  const auto started = run({"start", "ecosystem.json"});

  CHECK(started.exit_code == 0);
  CHECK(contains(started.err, "known to PM2 and without effect here: pmx, windows_hide, vizion, source_map_support"));
  const auto by_option = run({"start", "./idle", "--name", "c", "--no-vizion", "--no-pmx", "--trace"});
  CHECK(by_option.exit_code == 0);
  CHECK(contains(by_option.err, "without effect here: pmx, trace, vizion"));

  write("all.json", R"([{"name": "d", "script": "./idle", "kill_retry_time": 100, "username": "me",
      "disable_source_map_support": true, "automation": false, "trace": true, "disable_trace": true, "v8": true,
      "event_loop_inspector": true, "deep_monitoring": true, "io": {"conf": {}}, "windows_hide": true,
      "post_update": ["npm install"], "install_url": "x"}])");
  const auto all = run({"start", "all.json"});
  CHECK(all.exit_code == 0);
  CHECK(contains(all.err, "without effect here: kill_retry_time, username, disable_source_map_support, automation, "
                          "trace, disable_trace, v8, event_loop_inspector, deep_monitoring, io, windows_hide, "
                          "post_update, install_url\n"));
  CHECK(status_of("d") == "online");
}

TEST_CASE_FIXTURE(home_fixture,
                  "an ordinary user cannot run an app as somebody else, and is told so before anything is started") {
  if (!is_root()) {
    MESSAGE("left out: needs root");
    return;
  }
  write("app.sh", "exec sleep 1000\n");
  for (const words& options : {words{"--uid", "root"}, words{"--user", "0"}, words{"--gid", "root"}}) {
    words arguments{"start", "app.sh"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto refused = run_as_nobody(arguments);
    CHECK(refused.exit_code == 2);
    CHECK(contains(refused.err, "only root can run an app as another"));
  }
  CHECK(living().empty());
}

} // namespace e2e
