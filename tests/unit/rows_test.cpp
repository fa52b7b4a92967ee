#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "rpc/process_row.hpp"
#include "rpc/rows.hpp"

using namespace procvisor;

TEST_CASE("rows: what the daemon writes is what a client reads, whatever an app is named") {
  for (const std::string name : {"web", "a \"quoted\" \\ name", "ünï cödé", "tab\there"}) {
    app_spec spec;
    spec.name = name;
    spec.user_name = "me";
    spec.version = "1.2.3";
    process_view view;
    view.id = process_id{7};
    view.pid = 812;
    view.status = process_status::waiting_restart;
    view.restarts = 3;
    view.started_at = wall_clock::time_point{std::chrono::milliseconds{1234}};
    view.exit_signal = 9;
    view.reason = "a \"reason\"";
    view.cause = "a\\b changed";
    spec.watch.wanted = true;

    const auto row = rpc::row_from_json(rpc::to_row({view, spec, 12.34, 4096}));

    CHECK(row.id == 7);
    CHECK(row.name == name);
    CHECK(row.name_space == "default");
    CHECK(row.pid == 812);
    CHECK(row.status == process_status::waiting_restart);
    CHECK(row.restarts == 3);
    CHECK(row.started_at == 1234);
    CHECK(row.exit_signal == 9);
    CHECK(row.reason == "a \"reason\"");
    CHECK(row.cause == "a\\b changed");
    CHECK(row.watching);
    CHECK(row.watch_trouble.empty());
    const auto paused = rpc::row_from_json(rpc::to_row({view, spec, 0, 0, "paused: \"x\""}));
    CHECK_FALSE(paused.watching);
    CHECK(paused.watch_trouble == "paused: \"x\"");
    CHECK(row.cpu == doctest::Approx(12.3));
    CHECK(row.memory == 4096);
    CHECK(row.user == "me");
    CHECK(row.version == "1.2.3");
  }
}

TEST_CASE("rows: bytes that are no UTF-8 do not make a reply that nobody can read") {
  app_spec spec;
  spec.name = "\xff\xfe";
  CHECK(rpc::to_row({process_view{}, spec}).at("name") == "\u00ff\u00fe");
}

TEST_CASE("rows: describe shows everything but the environment, jlist shows that too") {
  app_spec spec;
  spec.name = "web";
  spec.env = {{"SECRET", "canary"}};
  spec.named_envs = {{"production", {{"SECRET", "canary"}}}};
  const log_paths files{"/l/web-out.log", "", "/p/web-0.pid"};
  const process_view view;

  const auto details = rpc::to_details({view, spec}, files);
  CHECK(details.dump().find("canary") == std::string::npos);
  CHECK(details.at("out_file") == "/l/web-out.log");
  CHECK(details.at("error_file") == "/dev/null");

  const auto listed = rpc::to_jlist({view, spec}, {{"SECRET", "canary"}}, files, "/home");
  CHECK(listed.at("pm2_env").at("env").at("SECRET") == "canary");
  CHECK(listed.at("pm2_env").at("SECRET") == "canary");
  CHECK(listed.at("pm2_env").at("env_production").at("SECRET") == "canary");
  CHECK(listed.at("pm2_env").at("status") == "stopped");
}

TEST_CASE("rows: jlist says how long the newest restart was put off, and which node it is where one runs it") {
  app_spec spec;
  process_view view;
  view.delay = std::chrono::milliseconds{225};
  CHECK(rpc::to_jlist({view, spec}, {}, {}, "/home").at("pm2_env").at("prev_restart_delay") == 225);
  CHECK_FALSE(rpc::to_jlist({view, spec}, {}, {}, "/home").at("pm2_env").contains("node_version"));
  spec.node_version = "20.1.0";
  CHECK(rpc::to_jlist({view, spec}, {}, {}, "/home").at("pm2_env").at("node_version") == "20.1.0");
}
