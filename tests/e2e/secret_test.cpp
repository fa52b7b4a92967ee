// A value in an app's environment is the app's secret: it is in the app, in the state files, and where its owner has
// asked for it by name, and nowhere else.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "daemon_probe.hpp"
#include "home_fixture.hpp"

namespace e2e {

namespace {

constexpr const char* canary = "canary-7f3e9d1c";

std::string contents(const std::string& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool is_pid(const std::string& name) {
  return name.find_first_not_of("0123456789") == std::string::npos;
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "a secret in an app's environment is found nowhere but where its owner looks for it") {
  const std::string secret = canary;
  write("apps.json", R"([{"name": "web", "script": "./app.sh", "env": {"FROM_FILE": ")" + secret + R"("}}])");
  write("app.sh", "echo started; sleep 1000\n");
  env["FROM_CALLER"] = secret;
  done({"start", "apps.json"}); // which starts keeper, daemon and recorder as well
  env.erase("FROM_CALLER");
  const pid_t app = pid_of("web");
  REQUIRE(contains(contents("/proc/" + std::to_string(app) + "/environ"), "FROM_CALLER=" + secret));

  // Each in a way that makes something be said of the app.
  const words shown[] = {
      {"restart", "web"},
      {"list"},
      {"list", "-m"},
      {"describe", "web"},
      {"logs", "--nostream"},
      {"id", "web"},
      {"pid", "web"},
      {"report"},
      {"scale", "web", "2"},
      {"send", "web", "line"},
      {"dump"},
      {"reset", "web"},
      {"conf"},
      {"start", "web"},
      {"sendSignal", "0", "web"},
      {"trigger", "0", "x"},
      {"start", "nobody-has-this"},
      {"stop", "web"},
      {"start", "web"},
      {"flush"},
      {"reloadLogs"},
      {"startOrRestart", "apps.json"},
      {"resurrect"},
  };
  for (const auto& command : shown) {
    CAPTURE(command.front());
    const auto result = run(command);
    CHECK_FALSE(contains(result.out + result.err, secret));
  }
  kill_role("daemon"); // and of what another daemon says
  CHECK_FALSE(contains(done({"list"}).out, secret));

  const auto is_state = [](const std::string& name) { // with the files beside them that they are replaced by way of
    return name.starts_with("state.json") || name.starts_with("dump.json");
  };
  for (const auto& entry : std::filesystem::recursive_directory_iterator{home()}) {
    struct stat about {};
    if (::stat(entry.path().c_str(), &about) != 0 || !S_ISREG(about.st_mode))
      continue;
    CAPTURE(entry.path().string());
    const bool has_it = contains(contents(entry.path().string()), secret);
    CHECK((about.st_mode & 0777) == 0600);
    if (!is_state(entry.path().filename().string()))
      CHECK_FALSE(has_it);
  }

  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const auto name = entry.path().filename().string();
    if (is_pid(name))
      CHECK_FALSE_MESSAGE(contains(contents(entry.path().string() + "/cmdline"), secret), name);
  }
  for (const char* role : {"keeper", "daemon", "recorder"}) {
    CAPTURE(role);
    for (const pid_t pid : in_role(role))
      CHECK_FALSE(contains(contents("/proc/" + std::to_string(pid) + "/environ"), secret));
  }

  const raw_client owner{path("home/procvisor.sock")};
  owner.say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"list\"}\n");
  CHECK_FALSE(contains(owner.line(10'000), secret));
  CHECK(contains(done({"env", "0"}).out, secret));
  CHECK(contains(done({"jlist"}).out, secret));
  CHECK(contains(done({"prettylist"}).out, secret));
}

} // namespace e2e
