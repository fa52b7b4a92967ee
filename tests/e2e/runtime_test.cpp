// runtime: apps in the foreground, as in a container.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "home_fixture.hpp"

namespace e2e {

namespace {

struct runtime_fixture : home_fixture {
  command runtime(words arguments) const {
    arguments.insert(arguments.begin(), "runtime");
    return procvisor(std::move(arguments));
  }
  command_result run_to_end(words arguments) const { return e2e::run(runtime(std::move(arguments))); }

  /// As the first process of its own, where nothing can be written but memory. Empty: this machine does not let us.
  words as_first_process() const {
    words argv{"unshare", "-pfm", "--mount-proc", "sh", "-c", "mount -o remount,bind,ro / && exec \"$@\"", "sh"};
    auto probe = argv;
    probe.emplace_back("true");
    if (is_root() && e2e::run({probe, env, folder(), {}}).exit_code == 0)
      return argv;
    MESSAGE("left out: no namespaces of its own");
    return {};
  }
};

} // namespace

TEST_CASE_FIXTURE(runtime_fixture, "runtime ends with the code of its app") {
  write("exits.sh", "exit 37\n");
  write("dies.sh", "kill -9 $$\n");
  write("ends.sh", "exit 0\n");
  CHECK(run_to_end({"exits.sh", "--no-autorestart"}).exit_code == 37);
  CHECK(run_to_end({"dies.sh", "--no-autorestart"}).exit_code == 137);
  CHECK(run_to_end({"ends.sh", "--no-autorestart"}).exit_code == 0);
  const auto errored = run_to_end({"exits.sh", "--max-restarts", "2"});
  CHECK(errored.exit_code == 37);
  CHECK(contains(errored.err, "[procvisor] "));
  CHECK(contains(errored.err, "exits:0"));
  CHECK_FALSE(contains(run_to_end({"exits.sh", "--no-autorestart", "--silent"}).err, "[procvisor]"));
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(runtime_fixture, "runtime --exit-on chooses whose end it is") {
  write("apps.json", R"({apps: [
    {name: "first", script: "first.sh", autorestart: false},
    {name: "second", script: "second.sh", autorestart: false},
    {name: "server", script: "server.sh", autorestart: false}]})");
  write("first.sh", "exit 3\n");
  write("second.sh", "read -r line < go; exit 5\n");
  write("server.sh", "sleep 1000\n");
  fifo go{path("go")};

  CHECK(run_to_end({"apps.json", "--exit-on", "any"}).exit_code == 3);
  CHECK(run_to_end({"apps.json", "--exit-on", "first"}).exit_code == 3);
  CHECK(run_to_end({"apps.json", "--only", "first"}).exit_code == 3);
  const auto unknown = run_to_end({"apps.json", "--exit-on", "nobody"});
  CHECK(unknown.exit_code == 2);
  CHECK(contains(unknown.err, "there is no app 'nobody'"));

  background_command both{runtime({"apps.json", "--only", "first,second"})};
  REQUIRE(both.says("first:0"));
  const int writer = ::open(go.path().c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(::write(writer, "\n", 1) == 1);
  CHECK(both.finish().exit_code == 5); // it failed last
  ::close(writer);
}

TEST_CASE_FIXTURE(runtime_fixture, "runtime passes on what apps write, all of it, each stream to its own") {
  write("flood.sh", "seq 1 200000\nseq 1 50000 >&2\nprintf 'no newline'\n");
  std::string numbers;
  for (int i = 1; i <= 200000; ++i)
    numbers += std::to_string(i) + "\n";

  const auto all = run_to_end({"flood.sh", "--no-autorestart", "--silent", "--raw"});

  CHECK(all.exit_code == 0);
  CHECK(all.out == numbers + "no newline");
  CHECK(lines_of(all.err).size() == 50000);
}

TEST_CASE_FIXTURE(runtime_fixture, "runtime --json and --format say whose line it is") {
  write("talker.sh", "echo to out; echo to err >&2\n");
  const auto json = run_to_end({"talker.sh", "--no-autorestart", "--json"});
  std::set<std::string> types;
  for (const auto& line : lines_of(json.out)) {
    const auto object = nlohmann::json::parse(line);
    CHECK(object.at("app_name") == "talker");
    CHECK(object.at("message") == "to " + object.at("type").get<std::string>());
    types.insert(object.at("type"));
  }
  CHECK(types == std::set<std::string>{"out", "err"});
  const auto fields = run_to_end({"talker.sh", "--no-autorestart", "--format"});
  CHECK(contains(fields.out, " app=talker id=0 type=out message=to out\n"));
  CHECK(contains(fields.out, " app=talker id=0 type=err message=to err\n"));
  CHECK(fields.out.starts_with("timestamp=20"));
}

TEST_CASE_FIXTURE(runtime_fixture, "runtime writes no file but its socket and its locks, and those that an app names") {
  write("app.sh", "echo hello; sleep 1000\n");
  background_command command{runtime({"app.sh", "--output", "mine.log"})};
  REQUIRE(command.says("hello")); // it goes to both
  CHECK(status_of("app") == "online");
  CHECK(eventually([&] { return read("mine.log") == "hello\n"; }));
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{home()})
    if (!entry.is_directory())
      files.insert(entry.path().filename());
  CHECK(files == std::set<std::string>{"procvisor.lock", "procvisor.pid", "procvisor.sock"});
  const auto second = run_to_end({"app.sh"});
  CHECK(second.exit_code == 1);
  CHECK(contains(second.err, "a daemon runs already"));
  ::kill(command.pid(), SIGTERM);
  CHECK(command.finish().exit_code == 0);
}

TEST_CASE_FIXTURE(runtime_fixture, "runtime stops its apps when it is told to end, and passes on every other signal") {
  write("app.sh", "trap 'echo got usr1' USR1; trap 'echo got hup' HUP; trap 'echo saved; exit 0' INT\n"
                  "echo ready; while :; do sleep 0.05; done\n");
  background_command command{runtime({"app.sh"})};
  REQUIRE(command.says("ready"));
  ::kill(command.pid(), SIGUSR1);
  REQUIRE(command.says("got usr1"));
  ::kill(command.pid(), SIGHUP);
  REQUIRE(command.says("got hup"));
  SUBCASE("SIGTERM") {
    ::kill(command.pid(), SIGTERM);
  }
  SUBCASE("SIGINT") {
    ::kill(command.pid(), SIGINT);
  }
  const auto ended = command.finish();
  CHECK(ended.exit_code == 0);
  CHECK(contains(ended.out, "saved\n"));
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(runtime_fixture, "runtime that is told to end does not wait for a reader who reads nothing") {
  write("app.sh", "echo ready >&2; exec yes\n");
  const fifo unread{path("unread")};
  background_command command{
      {{"sh", "-c", "exec \"$0\" runtime app.sh > unread", PROCVISOR_PROGRAM}, env, folder(), {}}};
  REQUIRE(command.says("ready"));
  ::kill(command.pid(), SIGTERM);
  CHECK(command.finish().exit_code == 0);
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(runtime_fixture, "runtime goes on when its keeper, daemon or recorder is killed") {
  write("app.sh", "read -r line < go; echo last words; exit 9\n");
  fifo go{path("go")};
  background_command command{runtime({"app.sh", "--no-autorestart"})};
  REQUIRE(command.says("app:0"));
  const auto app = pid_of("app");
  for (const std::string role : {"recorder", "daemon", "keeper"}) {
    CAPTURE(role);
    const auto before = in_role(role);
    REQUIRE(before.size() == 1);
    kill_role(role);
    REQUIRE(eventually([&] { return in_role(role) != before && in_role(role).size() == 1; }));
    CHECK(pid_of("app") == app);
  }
  const int writer = ::open(go.path().c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(::write(writer, "\n", 1) == 1);
  const auto ended = command.finish();
  CHECK(ended.exit_code == 9);
  CHECK(contains(ended.out, "last words\n"));
  ::close(writer);
}

TEST_CASE_FIXTURE(runtime_fixture, "runtime that cannot start an app ends at once") {
  write("bad", "#!/no/such/interpreter\n", 0755);
  const auto ended = run_to_end({"./bad"});
  CHECK(ended.exit_code == 4);
  CHECK(contains(ended.err, "failed: No such file"));
  CHECK(run_to_end({"nothing.json"}).exit_code == 2);
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(runtime_fixture, "runtime is what the program does by the names of PM2's") {
  write("app.sh", "exit 7\n");
  for (const std::string name : {"pm2-runtime", "procvisor-runtime"}) {
    std::filesystem::create_symlink(PROCVISOR_PROGRAM, path(name));
    CHECK(e2e::run({{path(name), "app.sh", "--no-autorestart"}, env, folder(), {}}).exit_code == 7);
    CHECK(e2e::run({{path(name), "start", "app.sh", "--no-autorestart"}, env, folder(), {}}).exit_code == 7);
  }
}

TEST_CASE_FIXTURE(runtime_fixture, "runtime is the first process of a container that can write nothing, as any user") {
  auto argv = as_first_process();
  if (argv.empty())
    return;
  // Orphans and what is left of them; each look is after all of them have ended.
  write("app.sh",
        "echo pid $$ of $(cat /proc/1/cmdline | tr '\\0' ' ')\n"
        "for i in $(seq 200); do (exec 3>&1; (exec sleep 0.01) &) ; done\n"
        "while grep -lq 'State:.*Z' /proc/[0-9]*/status 2>/dev/null || pgrep -x sleep >/dev/null; do :; done\n"
        "echo nothing left; ls \"$PROCVISOR_HOME\"; exit 37\n");
  env.erase("PROCVISOR_HOME");
  env["HOME"] = "/nowhere";
  SUBCASE("root") {
  }
  SUBCASE("a user without a name") {
    REQUIRE(::chmod(folder().c_str(), 0755) == 0);
    argv.insert(argv.end(), {"setpriv", "--reuid=4711", "--regid=4711", "--clear-groups"});
  }
  std::filesystem::copy_file(PROCVISOR_PROGRAM, path("procvisor"));
  argv.insert(argv.end(), {path("procvisor"), "runtime", "app.sh", "--no-autorestart"});

  const auto ended = e2e::run({argv, env, folder(), {}});

  CHECK_MESSAGE(ended.exit_code == 37, ended.err);
  CHECK(contains(ended.out, "procvisor runtime app.sh"));
  CHECK(contains(ended.out, "nothing left\n"));
  CHECK_FALSE(contains(ended.out, "state.json"));
  CHECK(std::filesystem::exists(path("procvisor")));
  env["PROCVISOR_HOME"] = home();
}

} // namespace e2e
