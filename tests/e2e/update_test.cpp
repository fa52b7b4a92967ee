// `update` replaces keeper, daemon and recorder by another version of the program, and no app notices.
#include <filesystem>

#include "home_fixture.hpp"
#include "http_client.hpp"
#include "http_load.hpp"

namespace e2e {

namespace {

struct update_fixture : home_fixture {
  update_fixture() { install(PROCVISOR_PROGRAM); }

  /// What package managers do: another file takes the program's place.
  void install(const std::string& program) const {
    std::filesystem::copy_file(program, path("new"));
    std::filesystem::rename(path("new"), path("procvisor"));
  }

  command_result installed(words arguments) const {
    arguments.insert(arguments.begin(), path("procvisor"));
    return e2e::run({std::move(arguments), env, folder(), {}});
  }

  nlohmann::json versions() const { return nlohmann::json::parse(installed({"ping", "--json"}).out); }
};

} // namespace

TEST_CASE_FIXTURE(update_fixture,
                  "update to another version and back under load: pids, lines and requests are complete") {
  program("idle");
  program("numbers");
  REQUIRE(installed({"start", "./idle", "-i", "3"}).exit_code == 0);
  REQUIRE(installed({"start", "./numbers", "--", path("counter"), "300000"}).exit_code == 0);
  const int port = free_port();
  write("site/index.html", "hello");
  REQUIRE(installed({"serve", "site", std::to_string(port)}).exit_code == 0);
  const auto rows = processes();
  const pid_t keeper = keeper_pid();
  const auto get = [&] {
    for (int i = 0; i < 20; ++i)
      CHECK(http_get(port, "/").status == 200);
  };

  for (const std::string program : {NEXT_PROGRAM, PROCVISOR_PROGRAM}) {
    install(program);
    const auto before = versions();
    CHECK(before.at("version") != before.at("client_version"));
    CHECK(contains(installed({"ping"}).err, "procvisor update"));
    background_command updating{{{path("procvisor"), "update"}, env, folder(), {}}};
    get();
    const auto told = updating.finish();
    CHECK_MESSAGE(told.exit_code == 0, told.err);
    get();
    const auto now = versions();
    CHECK(now.at("version") == before.at("client_version"));
    CHECK(now.at("keeper_version") == before.at("client_version"));
    CHECK(now.at("keeper") == keeper);
    CHECK(now.at("pid") != before.at("pid"));
    const auto after = processes();
    REQUIRE(after.size() == rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      CHECK(after[i].at("pid") == rows[i].at("pid"));
      CHECK(after[i].at("pm2_env").at("restart_time") == 0);
    }
  }

  CHECK(eventually([&] { return lines_of(read("home/logs/numbers-out.log")).size() >= 300'000; }));
  const auto lines = lines_of(read("home/logs/numbers-out.log"));
  size_t wrong = 0;
  for (size_t i = 0; i < lines.size(); ++i)
    wrong += lines[i] != std::to_string(i + 1) ? 1 : 0;
  CHECK(wrong == 0);
  CHECK(installed({"restart", "idle"}).exit_code == 0);
  CHECK(contains(installed({"report"}).out, "keeper_version"));
}

TEST_CASE_FIXTURE(update_fixture,
                  "update back and forth under HTTP load: no request to a cluster or a lone app fails") {
  if (!has_program("node")) {
    MESSAGE("left out: node is not there");
    return;
  }
  write("app.js", "require('http').createServer((request, response) => response.end(`${process.pid}`))\n"
                  "  .listen(+process.env.PORT, '127.0.0.1');\n");
  const int shared = free_port();
  env["PORT"] = std::to_string(shared);
  REQUIRE(installed({"start", "app.js", "--name", "cluster", "-i", "2"}).exit_code == 0);
  const int own = free_port();
  env["PORT"] = std::to_string(own);
  REQUIRE(installed({"start", "app.js", "--name", "lone"}).exit_code == 0);
  for (const int port : {shared, own})
    REQUIRE(eventually([&] { return http_get(port, "/").status == 200; }));
  const auto rows = processes();
  background_command fresh{http_load(*this, shared, "new")};
  background_command kept{http_load(*this, shared, "keep")};
  background_command lone{http_load(*this, own, "new")};
  for (auto* load : {&fresh, &kept, &lone})
    REQUIRE(load->says("busy"));

  for (const std::string program : {NEXT_PROGRAM, PROCVISOR_PROGRAM, NEXT_PROGRAM}) {
    install(program);
    const auto told = installed({"update"});
    CHECK_MESSAGE(told.exit_code == 0, told.err);
  }

  for (auto* load : {&fresh, &kept, &lone}) {
    const auto said = end_of(*load);
    CHECK_MESSAGE(contains(said, "failed 0"), said);
  }
  const auto after = processes();
  REQUIRE(after.size() == rows.size());
  for (size_t i = 0; i < rows.size(); ++i)
    CHECK(after[i].at("pid") == rows[i].at("pid"));
}

TEST_CASE_FIXTURE(update_fixture,
                  "a program of another major version, or none at all, is refused before anything happens") {
  program("idle");
  REQUIRE(installed({"start", "./idle"}).exit_code == 0);
  const pid_t app = pid_of("idle");
  const auto before = versions();

  install(OTHER_MAJOR_PROGRAM);
  const auto refused = installed({"updatePM2"});

  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.err, "major"));
  const auto after = nlohmann::json::parse(done({"ping", "--json"}).out);
  CHECK(after.at("pid") == before.at("pid"));
  CHECK(after.at("keeper") == before.at("keeper"));
  CHECK(pid_of("idle") == app);
}

TEST_CASE_FIXTURE(update_fixture, "update is no error where nothing runs") {
  const auto told = installed({"update"});
  CHECK(told.exit_code == 0);
  CHECK_FALSE(exists("home/procvisor.sock"));
}

} // namespace e2e
