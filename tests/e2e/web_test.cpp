// `web`: the page, the JSON, the metrics and the verbs by HTTP.
#include <sys/stat.h>

#include "home_fixture.hpp"
#include "http_client.hpp"

namespace e2e {

namespace {

struct web_fixture : home_fixture {
  int port = free_port();
  std::string token;

  /// Starts it and waits until it answers.
  void open(words options = {}) {
    words arguments{"web", "--port", std::to_string(port)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const auto address = done(arguments).out;
    token = address.substr(address.find("token=") + 6);
    token.pop_back();
    REQUIRE(eventually([&] { return http_get(port, "/healthz").status == 200; }));
  }
  std::vector<std::string> with_token() const { return {"Authorization: Bearer " + token}; }
  http_response post(const std::string& path, const std::vector<std::string>& headers) const {
    auto all = headers;
    all.emplace_back("Content-Length: 0");
    return http(port, "POST " + path + " HTTP/1.1", all);
  }
};

} // namespace

TEST_CASE_FIXTURE(web_fixture,
                  "web shows the list in PM2's shape and the metrics to everybody on this machine, and nothing more") {
  write("ecosystem.json",
        R"([{"name": "idle", "script": "./idle", "env": {"SECRET": "hunter2"}, "args": ["--pin", "1234"]}])");
  program("idle");
  done({"start"});
  open();
  const auto list = http_get(port, "/");
  CHECK(list.status == 200);
  const auto shown = nlohmann::json::parse(list.body);
  CHECK(shown.at("system_info").contains("hostname"));
  CHECK(shown.at("monit").at("total_mem") > 0);
  bool is_there = false;
  for (const auto& one : shown.at("processes"))
    is_there = is_there || (one.at("name") == "idle" && one.at("pm2_env").at("status") == "online");
  CHECK(is_there);
  const auto metrics = http_get(port, "/metrics");
  CHECK(contains(metrics.header("content-type"), "application/openmetrics-text"));
  CHECK(
      contains(metrics.body, "procvisor_process_up{id=\"0\",name=\"idle\",namespace=\"default\",instance=\"0\"} 1\n"));
  CHECK(metrics.body.ends_with("# EOF\n"));
  for (const auto& text : {list.body, metrics.body}) {
    CHECK(!contains(text, "hunter2"));
    CHECK(!contains(text, "1234"));
  }
  for (const auto* path : {"/ui", "/api/processes", "/api/processes/idle", "/api/logs/idle", "/api/events", "/api/x"})
    CHECK_MESSAGE(http_get(port, path).status == 401, path);
  CHECK(post("/api/processes/idle/stop", {}).status == 401);
  CHECK(http_get(port, "/api/processes", {"Authorization: Bearer " + std::string(32, '0')}).status == 401);
  CHECK(http_get(port, "/", {"Access-Control-Request-Method: GET"}).header("access-control-allow-origin").empty());
  CHECK(status_of("idle") == "online");
}

TEST_CASE_FIXTURE(web_fixture, "web's token is in a file that its user alone reads, in no command line and in no log") {
  open();
  struct stat file {};
  REQUIRE(::stat(path("home/web.token").c_str(), &file) == 0);
  CHECK((file.st_mode & 07777) == 0600);
  CHECK(read("home/web.token") == token + "\n");
  CHECK(!contains(done({"describe", "procvisor-web"}).out, token));
  CHECK(!contains(read("home/procvisor.log"), token));
  CHECK(!contains(done({"env", "procvisor-web"}).out, token));
  const auto before = token;
  open({"--token"});
  CHECK(token != before);
  CHECK(http_get(port, "/api/processes", {"Authorization: Bearer " + before}).status == 401);
  CHECK(http_get(port, "/api/processes", with_token()).status == 200);
}

TEST_CASE_FIXTURE(web_fixture, "web carries out verbs for who has the token, and says what failed") {
  program("idle");
  done({"start", "./idle"});
  open();
  CHECK(post("/api/processes/idle/stop", with_token()).status == 200);
  CHECK(status_of("idle") == "stopped");
  CHECK(post("/api/processes/0/start", with_token()).status == 200);
  CHECK(status_of("idle") == "online");
  const auto before = pid_of("idle");
  CHECK(post("/api/processes/idle/restart", with_token()).status == 200);
  CHECK(pid_of("idle") != before);
  CHECK(post("/api/processes/idle/scale?to=3", with_token()).status == 200);
  CHECK(contains(http_get(port, "/metrics").body, "name=\"idle\",namespace=\"default\",instance=\"2\"} 1\n"));
  CHECK(post("/api/processes/idle/scale", with_token()).status == 400);
  CHECK(post("/api/processes/nobody/stop", with_token()).status == 404);
  CHECK(post("/api/processes/idle/explode", with_token()).status == 404);
  CHECK(http_get(port, "/api/processes/nobody", with_token()).status == 404);
  const auto described = nlohmann::json::parse(http_get(port, "/api/processes/idle", with_token()).body);
  CHECK(described.at(0).at("status") == "online");
  CHECK(!described.at(0).contains("env"));
  CHECK(http(port, "DELETE /api/processes/idle HTTP/1.1", with_token()).status == 200);
  CHECK(http_get(port, "/api/processes/idle", with_token()).status == 404);
}

TEST_CASE_FIXTURE(web_fixture,
                  "web's page has the token in a cookie, which changes nothing without a header of its own") {
  program("idle");
  done({"start", "./idle"});
  open();
  const auto login = http_get(port, "/ui?token=" + token);
  CHECK(login.status == 303);
  CHECK(login.header("location") == "/ui");
  const auto set = login.header("set-cookie");
  CHECK(contains(set, "HttpOnly; SameSite=Strict"));
  const auto cookie = "Cookie: " + set.substr(0, set.find(';'));
  const auto page = http_get(port, "/ui", {cookie});
  CHECK(page.status == 200);
  CHECK(contains(page.body, "<title>procvisor</title>"));
  CHECK(contains(page.header("content-security-policy"), "script-src 'nonce-")); // and no other one before it
  CHECK(http_get(port, "/ui").header("content-type").starts_with("text/html"));  // it asks for the token
  CHECK(!contains(http_get(port, "/ui?token=wrong").header("set-cookie"), token));
  CHECK(post("/api/processes/idle/stop", {cookie}).status == 403);
  CHECK(status_of("idle") == "online");
  CHECK(post("/api/processes/idle/stop", {cookie, "X-Procvisor: 1"}).status == 200);
  CHECK(status_of("idle") == "stopped");
}

TEST_CASE_FIXTURE(web_fixture, "web's page is listed apart, and all does not mean it") {
  program("idle");
  done({"start", "./idle"});
  open();
  const auto list = done({"list"}).out;
  CHECK_MESSAGE(contains(list, "\nbesides: procvisor-web (id 1) online"), list);
  done({"stop", "all"});
  CHECK(status_of("idle") == "stopped");
  CHECK(status_of("procvisor-web") == "online");
  done({"delete", "all"});
  CHECK(http_get(port, "/healthz").status == 200);
  CHECK(run({"stop", "all"}).exit_code == 3);
  done({"delete", "procvisor-web"});
  CHECK(processes().empty());
}

TEST_CASE_FIXTURE(web_fixture, "web streams the list, events and logs to who has the token") {
  write("talk.sh", "echo first; read word < orders; echo second; exec sleep 1000\n");
  fifo orders{path("orders")};
  done({"start", "talk.sh"});
  open();
  const auto stream = [&](const std::string& what) {
    return command{
        {"curl", "-sN", "-H", "Authorization: Bearer " + token, "http://127.0.0.1:" + std::to_string(port) + what},
        env,
        folder(),
        {}};
  };
  if (!has_program("curl")) {
    MESSAGE("left out: curl is not there");
    return;
  }
  background_command logs{stream("/api/logs/talk?lines=5")};
  REQUIRE(logs.says("first"));
  background_command events{stream("/api/events")};
  REQUIRE(events.says("event: list\ndata: {"));
  CHECK(e2e::run({{"sh", "-c", "echo go > orders"}, env, folder(), {}}).exit_code == 0);
  CHECK(logs.says("event: log"));
  CHECK(logs.says("second"));
  done({"restart", "talk"});
  CHECK(events.says("\"event\":\"restart\""));
}

TEST_CASE_FIXTURE(web_fixture, "web answers bad requests, and goes on") {
  open();
  CHECK(http_get(port, "/../../etc/passwd", with_token()).status == 404);
  CHECK(http_get(port, "/api/processes/..%2f..%2fetc", with_token()).status == 404);
  CHECK(http(port, "BREW / HTTP/1.1").status >= 400);
  CHECK(http_get(port, "/" + std::string(9'000, 'a')).status >= 400);
  CHECK(http_get(port, "/" + std::string(1'000'000, 'a')).status != 200); // cut off
  CHECK(http(port, "nonsense").status >= 400);
  CHECK(http_get(port, "/", {"Host: evil.example"}).status >= 400);
  for (int i = 0; i < 100; ++i)
    REQUIRE(http_get(port, "/api/processes", {"Authorization: Bearer wrong" + std::to_string(i)}).status == 401);
  CHECK(http_get(port, "/healthz").status == 200);
}

TEST_CASE_FIXTURE(web_fixture, "web refuses what is no address or no port, and says who has the port") {
  CHECK(run({"web", "--host", "example.org"}).exit_code == 2);
  CHECK(run({"web", "--port", "0"}).exit_code == 2);
  CHECK(run({"web", "--port", "70000"}).exit_code == 2);
  int taken = 0;
  const int listener = listen_on_any_port(taken);
  const auto refused = run({"web", "--port", std::to_string(taken)});
  ::close(listener);
  CHECK(refused.exit_code == 4);
  CHECK(contains(refused.err, "cannot listen on 127.0.0.1 port"));
  CHECK(processes().empty());
}

TEST_CASE_FIXTURE(web_fixture, "web goes on when the daemon is killed, and says meanwhile that it is not ready") {
  open();
  kill_role("daemon");
  CHECK(eventually([&] { return http_get(port, "/readyz").status == 200; }));
  done({"kill"});
  CHECK(http_get(port, "/healthz").status == 0);
}

} // namespace e2e
