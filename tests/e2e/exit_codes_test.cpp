// Each exit code, by each verb that can give it. (That 0 is done is what all other tests say.)
#include <signal.h>

#include <list>

#include "help_text.hpp"

namespace e2e {

namespace {

/// `good` runs; `broken` cannot be executed; `slow` never says that it is ready. The last two are in the list as well.
struct codes_fixture : home_fixture {
  codes_fixture() {
    program("idle");
    write("broken", "#!/no/such/interpreter\n", 0755);
    write("good.json", R"([{"name": "good", "script": "./idle"}])");
    write("broken.json", R"([{"name": "broken", "script": "./broken"}])");
    write("slow.json", R"([{"name": "slow", "script": "./idle", "wait_ready": true, "listen_timeout": 50}])");
  }

  void start_good() const { done({"start", "good.json"}); }

  void ends_with(int code, const words& arguments, const std::string& message) const {
    std::string typed;
    for (const auto& word : arguments)
      typed += word + " ";
    const auto ended = run(arguments);
    CHECK_MESSAGE(ended.exit_code == code, typed, "\n", ended.err);
    CHECK_MESSAGE(contains(ended.err, message), typed, "\n", ended.err);
  }
};

} // namespace

TEST_CASE_FIXTURE(codes_fixture, "exit code 2: every verb under each of its names refuses an option that it has not") {
  for (const auto& [verb, aliases] : listed_verbs(*this)) {
    words all{aliases};
    all.push_back(verb);
    for (const auto& name : all) {
      ends_with(2, {name, "--no-such-option"}, "'" + verb + "' has no option '--no-such-option'");
      CHECK(contains(done({name, "-h"}).out, "Usage: procvisor " + verb + " "));
    }
  }
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(codes_fixture, "exit code 2: where there is no file of apps, verbs that take one want a target") {
  for (const std::string verb : {"start", "stop", "restart", "reload", "gracefulReload", "delete", "reset",
                                 "startOrRestart", "startOrReload", "startOrGracefulReload"})
    ends_with(2, {verb}, "no target was given, and this folder has no file of apps");
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(codes_fixture, "exit code 3: what is not in the list") {
  const std::list<words> rows{
      {"stop", "nobody"},
      {"restart", "nobody"},
      {"reload", "nobody"},
      {"delete", "nobody"},
      {"gracefulReload", "nobody"},
      {"reset", "nobody"},
      {"scale", "nobody", "2"},
      {"describe", "nobody"},
      {"id", "nobody"},
      {"pid", "nobody"},
      {"env", "nobody"},
      {"logs", "nobody"},
      {"flush", "nobody"},
      {"send", "nobody", "line"},
      {"attach", "nobody"},
      {"trigger", "nobody", "x"},
      {"start", "/nobody/"},
      {"sendSignal", "SIGCONT", "nobody"},
  };
  for (const bool daemon_runs : {false, true}) {
    if (daemon_runs)
      start_good();
    CAPTURE(daemon_runs);
    for (const auto& arguments : rows)
      ends_with(3, arguments, "nobody");
    ends_with(3, {"get", "KILL_TIMEOUT"}, "KILL_TIMEOUT is not set");
    ends_with(3, {"conf", "KILL_TIMEOUT"}, "KILL_TIMEOUT is not set");
  }
}

TEST_CASE_FIXTURE(codes_fixture, "exit code 4: what cannot be started") {
  const std::list<words> rows{
      {"start", "./broken"},
      {"start", "broken"},
      {"start", "broken.json"},
      {"restart", "broken"},
      {"restart", "broken.json"},
      {"reload", "broken"},
      {"gracefulReload", "broken"},
      {"scale", "broken", "2"},
      {"startOrRestart", "broken.json"},
      {"startOrReload", "broken.json"},
      {"startOrGracefulReload", "broken.json"},
  };
  for (const auto& arguments : rows)
    ends_with(4, arguments, "executing '" + path("broken") + "' failed");
  done({"dump"});
  done({"kill"});
  ends_with(4, {"resurrect"}, "executing '" + path("broken") + "' failed");
}

TEST_CASE_FIXTURE(codes_fixture, "exit code 5: what is not ready in time") {
  const std::list<words> rows{
      {"start", "slow.json"},
      {"start", "slow"},
      {"restart", "slow.json"},
      {"restart", "slow"},
      {"reload", "slow.json"},
      {"reload", "slow"},
      {"gracefulReload", "slow"},
      {"scale", "slow", "+1"},
      {"startOrRestart", "slow.json"},
      {"startOrReload", "slow.json"},
      {"startOrGracefulReload", "slow.json"},
  };
  for (const auto& arguments : rows)
    ends_with(5, arguments, "'slow' was not ready within 50 ms");
  done({"dump"});
  done({"kill"});
  ends_with(5, {"resurrect"}, "'slow' was not ready within 50 ms");
}

TEST_CASE_FIXTURE(codes_fixture, "exit code 6: what is done in part, and then each part is that can be") {
  start_good();
  CHECK(run({"start", "broken.json"}).exit_code == 4);

  ends_with(6, {"stop", "nobody", "good"}, "'nobody'");
  CHECK(status_of("good") == "stopped");
  ends_with(6, {"start", "good", "broken"}, "'broken'");
  ends_with(6, {"reset", "nobody", "good"}, "'nobody'");
  for (const words& arguments :
       {words{"restart", "nobody", "good"}, words{"reload", "nobody", "good"},
        words{"gracefulReload", "nobody", "good"}, words{"restart", "broken.json", "good.json"},
        words{"startOrRestart", "broken.json", "good.json"}, words{"startOrReload", "broken.json", "good.json"},
        words{"startOrGracefulReload", "broken.json", "good.json"}}) {
    const pid_t before = pid_of("good");
    ends_with(6, arguments, contains(arguments[1], "nobody") ? "'nobody'" : "'broken'");
    CHECK(pid_of("good") != before);
  }
  ends_with(6, {"sendSignal", "SIGCONT", "all"}, "'broken' does not run");
  ends_with(6, {"send", "all", "line"}, "'broken' does not run");
  done({"dump"});
  done({"kill"});
  ends_with(6, {"resurrect"}, "'broken'");
  ends_with(6, {"delete", "nobody", "broken"}, "'nobody'");
  CHECK(processes().size() == 1);
}

TEST_CASE_FIXTURE(codes_fixture, "exit code 7: a daemon that is there and does not answer, whatever it is asked") {
  start_good();
  const auto daemons = in_role("daemon");
  REQUIRE(daemons.size() == 1);
  const std::list<words> rows{
      {"list"},
      {"jlist"},
      {"prettylist"},
      {"describe", "good"},
      {"id", "good"},
      {"pid"},
      {"env", "good"},
      {"report"},
      {"ping"},
      {"logs", "--nostream"},
      {"flush"},
      {"reloadLogs"},
      {"send", "good", "x"},
      {"attach", "good"},
      {"sendSignal", "SIGCONT", "good"},
      {"reset", "all"},
      {"stop", "good"},
      {"restart", "good"},
      {"reload", "good"},
      {"trigger", "good", "x"},
      {"start", "all"},
      {"delete", "good"},
      {"scale", "good", "2"},
      {"dump"},
      {"cleardump"},
      {"resurrect"},
      {"kill"},
      {"start", "good.json"},
      {"startOrRestart", "good.json"},
  };
  done({"dump"}); // for resurrect
  ::kill(daemons[0], SIGSTOP);
  std::list<background_command> asked; // all at once, for each waits for seconds
  for (const auto& arguments : rows)
    asked.emplace_back(procvisor(arguments));

  auto arguments = rows.begin();
  for (auto& command : asked) {
    CAPTURE(arguments->front());
    const bool is_told = command.says("does not answer");
    CHECK(is_told);
    CHECK(command.finish().exit_code == 7);
    ++arguments;
  }
  ::kill(daemons[0], SIGCONT);
}

TEST_CASE_FIXTURE(codes_fixture, "exit code 1: what was to be printed cannot be written") {
  start_good();
  done({"set", "KILL_TIMEOUT", "3s"});
  for (const std::string typed :
       {"list", "list -m", "jlist", "prettylist", "describe good", "id good", "pid", "env good", "report", "ping",
        "get", "get KILL_TIMEOUT", "conf", "completion bash", "help", "stop good --json", "logs procvisor --nostream",
        "list --help", "--version"}) {
    const auto ended =
        e2e::run({{"sh", "-c", "\"$0\" " + typed + " > /dev/full", PROCVISOR_PROGRAM}, env, folder(), {}});
    CHECK_MESSAGE(ended.exit_code == 1, typed, "\n", ended.err);
    CHECK_MESSAGE(contains(ended.err, "No space left on device"), typed, "\n", ended.err);
  }
}

} // namespace e2e
