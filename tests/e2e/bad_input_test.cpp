// Each bad input gets one clear message and exit code 2, and changes nothing.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "home_fixture.hpp"

namespace e2e {

namespace {

void check_usage_error(const home_fixture& place, const words& arguments, const std::string& message) {
  CAPTURE(message);
  const auto result = place.run(arguments);
  CHECK(result.exit_code == 2);
  CHECK(result.out.empty());
  CHECK_MESSAGE(contains(result.err, message), result.err);
  CHECK_MESSAGE(lines_of(result.err).size() <= 2, result.err);
  CHECK(place.living().empty()); // not even a keeper
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "a file that is missing, empty, too large or a folder is refused by its name") {
  write("empty.json", "");
  write("empty.yaml", "\n");
  write("large.json", "");
  REQUIRE(::truncate(path("large.json").c_str(), 100 * 1024 * 1024) == 0);
  write("large.yaml", "");
  REQUIRE(::truncate(path("large.yaml").c_str(), 100 * 1024 * 1024) == 0);
  REQUIRE(::mkdir(path("folder.json").c_str(), 0755) == 0);

  check_usage_error(*this, {"start", "missing.json"}, "missing.json: no such file");
  check_usage_error(*this, {"start", "empty.json"}, "empty.json");
  check_usage_error(*this, {"start", "empty.yaml"}, "empty.yaml");
  check_usage_error(*this, {"start", "large.json"}, "large.json: is larger than");
  check_usage_error(*this, {"start", "large.yaml"}, "large.yaml: is larger than");
  check_usage_error(*this, {"start", "folder.json"}, "folder.json: is a folder");
}

TEST_CASE_FIXTURE(home_fixture, "broken JSON and YAML name the line and the column") {
  write("broken.json", "{\"apps\": [\n  {\"name\": \"a\", script}\n]}\n");
  write("open.json", "{\"apps\": [\n  {\"name\": \"a\"\n");
  write("broken.yaml", "apps:\n  - name: [a\n  script: x\n");
  write("tab.yaml", "apps:\n\t- name: a\n");

  check_usage_error(*this, {"start", "broken.json"}, "broken.json:2:23: ");
  check_usage_error(*this, {"start", "open.json"}, "open.json:3:1: ");
  check_usage_error(*this, {"start", "broken.yaml"}, "broken.yaml:3:");
  check_usage_error(*this, {"start", "tab.yaml"}, "tab.yaml:2:");
}

TEST_CASE_FIXTURE(home_fixture,
                  "a YAML alias inside of what it stands for, and one that grows without end, are refused") {
  write("cycle.yaml", "apps: &apps\n  - name: a\n    script: ./idle\n    env: &env\n      SELF: *env\n");
  check_usage_error(*this, {"start", "cycle.yaml"}, "cycle.yaml:5:13: this alias");

  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 9; ++k)
      laughs += before + ", ";
    laughs += before + "]\n";
  }
  write("laughs.yaml", laughs + "apps: *a11\n");
  check_usage_error(*this, {"start", "laughs.yaml"}, "laughs.yaml:");
}

TEST_CASE_FIXTURE(home_fixture, "a name with a slash or a newline, and a count that is none, are refused") {
  program("idle");
  write("instances.json", "[{\"script\": \"./idle\",\n  \"instances\": \"many\"}]");
  write("slash.json", R"([{"script": "./idle", "name": "../../etc/passwd"}])");

  check_usage_error(*this, {"start", "./idle", "--name", "a/b"}, "'a/b' contains '/'");
  check_usage_error(*this, {"start", "./idle", "--name", "a\nb"}, "control character");
  check_usage_error(*this, {"start", "slash.json"}, "contains '/'");
  check_usage_error(*this, {"start", "instances.json"}, "instances.json:2:");
  check_usage_error(*this, {"start", "./idle", "-i", "many"}, "not 'many'");
}

TEST_CASE_FIXTURE(home_fixture, "a working directory that is not there is refused, in a file and as an option") {
  program("idle");
  write("cwd.json", "[{\"script\": \"./idle\",\n  \"cwd\": \"./gone\"}]");
  write("cwd.yaml", "- script: ./idle\n  cwd: idle\n"); // a file is no folder

  check_usage_error(*this, {"start", "cwd.json"}, "cwd.json:2:3: 'cwd': no such folder: '" + path("gone") + "'");
  check_usage_error(*this, {"start", "cwd.yaml"}, "cwd.yaml:2:3: 'cwd': no such folder: '" + path("idle") + "'");
  check_usage_error(*this, {"start", "./idle", "--cwd", "gone"}, "--cwd: no such folder: '" + path("gone") + "'");
}

TEST_CASE_FIXTURE(home_fixture, "a socket that nobody listens on and a pid file of a stranger are simply replaced") {
  program("idle");
  REQUIRE(::mkdir(home().c_str(), 0700) == 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path("home/procvisor.sock").copy(address.sun_path, sizeof address.sun_path - 1);
  const int stale = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(stale, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(stale);
  write("home/procvisor.pid", std::to_string(::getpid()) + "\n", 0600);

  CHECK(run({"stop", "all"}).exit_code == 3); // as for an empty list
  CHECK(is_alive(::getpid()));
  done({"start", "./idle"});
  CHECK(status_of("idle") == "online");
  CHECK(keeper_pid() != ::getpid());
}

TEST_CASE_FIXTURE(home_fixture, "an unknown key is an error at its place, with the key that was meant") {
  program("idle");
  write("typo.json", "[{\"name\": \"a\", \"script\": \"./idle\",\n  \"max_restrats\": 3}]");
  write("typo.yaml", "- name: a\n  script: ./idle\n  max_restrats: 3\n");

  check_usage_error(*this, {"start", "typo.json"},
                    "typo.json:2:3: unknown key 'max_restrats': did you mean 'max_restarts'?");
  check_usage_error(*this, {"start", "typo.yaml"},
                    "typo.yaml:3:3: unknown key 'max_restrats': did you mean 'max_restarts'?");
}

TEST_CASE_FIXTURE(home_fixture, "what watch is to look at must be there, and what it is to ignore a pattern") {
  program("idle");
  const std::string size = "must be a number of bytes, or one with K, M or G, such as 300M; 0: no limit, not ";
  const std::pair<words, std::string> rows[] = {
      {{"--watch", "gone"}, "--watch: no such file or folder: '" + path("gone") + "'"},
      {{"--ignore-watch", "(a"}, "--ignore-watch: '(a' is no regular expression of RE2's"},
      {{"--ignore-watch", "(?!a)b"}, "--ignore-watch: '(?!a)b' is no regular expression of RE2's"},
      {{"--watch-delay", "soon"}, "--watch-delay must be milliseconds"},
      {{"--max-memory-restart", "-1"}, "--max-memory-restart " + size + "'-1'"},
      {{"--max-memory-restart", "much"}, "--max-memory-restart " + size + "'much'"},
      {{"--worker-interval", "0"}, "--worker-interval must be milliseconds from 100"},
  };
  for (const auto& [options, message] : rows)
    for (const std::string verb : {"start", "restart"}) {
      words arguments{verb, "./idle"};
      arguments.insert(arguments.end(), options.begin(), options.end());
      check_usage_error(*this, arguments, message);
    }
  for (const std::string key : {"watch", "ignore_watch", "ignoreWatch", "watch_delay", "watchDelay",
                                "max_memory_restart", "maxMemoryRestart", "worker_interval"}) {
    write("apps.json", "[{\"script\": \"./idle\", \"" + key + "\": {}}]");
    check_usage_error(*this, {"start", "apps.json"},
                      "apps.json:1:" + std::to_string(27 + key.size()) + ": '" + key + "' must be");
  }
}

TEST_CASE_FIXTURE(home_fixture, "--env and --only choose from a file: with anything else they are refused") {
  program("idle");
  done({"start", "./idle"});
  const pid_t before = pid_of("idle");
  for (const std::string verb : {"start", "restart", "stop", "delete"})
    for (const std::string option : {"--env", "--only"}) {
      const auto refused = run({verb, "idle", option, "idle"});
      CHECK(refused.exit_code == 2);
      CHECK_MESSAGE(contains(refused.err, option + " chooses from a file, and 'idle' is none"), refused.err);
    }
  CHECK(pid_of("idle") == before);
}

TEST_CASE_FIXTURE(home_fixture, "one bad app in a file of three: none is started") {
  program("idle");
  write("ecosystem.json", R"([
    {"name": "first", "script": "./idle"},
    {"name": "second", "script": "./idle", "kill_timeout": "soon"},
    {"name": "third", "script": "./idle"}
  ])");
  check_usage_error(*this, {"start"}, "ecosystem.json:3:");

  done({"start", "./idle"}); // nor is one of them while others run
  CHECK(run({"start", "ecosystem.json"}).exit_code == 2);
  CHECK(processes().size() == 1);
}

TEST_CASE_FIXTURE(home_fixture, "an unknown verb, an unknown option and a missing target are errors of usage") {
  check_usage_error(*this, {"frobnicate"}, "'frobnicate'");
  check_usage_error(*this, {"list", "--no-such-option"}, "'--no-such-option'");
  check_usage_error(*this, {"start", "x.js", "--max-restrats", "3"}, "--max-restarts");
  check_usage_error(*this, {"start"}, "no target");
  check_usage_error(*this, {"stop"}, "no target");
  check_usage_error(*this, {"describe"}, "'describe' needs NAME|ID");
  check_usage_error(*this, {"start", "x.js", "--kill-timeout"}, "--kill-timeout");
}

} // namespace e2e
