// The full screen, in a real terminal.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tmux_screen.hpp"

namespace e2e {

namespace {

/// The command in a shell that writes down the state of its terminal before and after it.
std::string measured(const std::string& verb) {
  return "stty -g > before; " PROCVISOR_PROGRAM " " + verb + "; echo \"ended $?\"; stty -g > after";
}

/// Whether the command has ended so, and the terminal is as it was: its modes, and the screen of before.
bool is_given_back(const home_fixture& home, const tmux_screen& screen, const std::string& status) {
  return screen.shows("ended " + status) && home.eventually([&] { return !home.read("after").empty(); })
         && home.read("after") == home.read("before") && contains(screen.shown(), "a line of before");
}

void begin(const tmux_screen& screen, const std::string& verb) {
  screen.run("clear; echo 'a line of before'; " + measured(verb));
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "monit shows and steers processes in a terminal, and gives it back") {
  write("talk.sh", "echo I am $name; exec sleep 1000\n");
  done({"start", "talk.sh", "--name", "web", "--namespace", "shop"});
  done({"start", "talk.sh", "--name", "api", "--namespace", "shop"});
  done({"start", "talk.sh", "--name", "gone"});
  done({"stop", "gone"});
  const auto first_pid = pid_of("api");
  tmux_screen screen{*this, 80, 24};
  begin(screen, "monit");

  REQUIRE(screen.shows("2/3 online"));
  CHECK(screen.shows("▾ shop (2)"));
  CHECK(screen.shows("host memory"));
  CHECK(screen.shows("─ gone (2) "));
  CHECK(screen.shows("I am gone"));
  CHECK(contains(screen.shown(), "stopped"));

  screen.press("Down");
  screen.press("Down");
  screen.press("Down");
  CHECK(screen.shows("─ api (1) "));
  CHECK(screen.shows("I am api"));

  screen.type("r");
  CHECK(screen.shows("restart api (id 1)? y yes"));
  screen.type("n");
  CHECK(screen.no_longer_shows("restart api"));
  CHECK(pid_of("api") == first_pid);
  screen.type("ry");
  CHECK(screen.shows("restarted api (id 1)"));
  CHECK(pid_of("api") != first_pid);

  screen.type("fwe");
  CHECK(screen.no_longer_shows("   1 api"));
  CHECK(screen.shows("   0 web"));
  screen.press("Enter");
  screen.press("Escape");
  CHECK(screen.shows("   1 api"));

  screen.type("?");
  CHECK(screen.shows("scale the app"));
  screen.press("Escape");
  CHECK(screen.no_longer_shows("scale the app"));

  screen.resize(60, 15);
  CHECK(screen.shows("? help  q quit"));
  CHECK(screen.no_longer_shows("host memory"));
  screen.press("Tab");
  CHECK(screen.shows("host memory"));
  screen.press("Tab");
  CHECK(screen.shows("namespace      shop"));
  screen.resize(20, 5);
  CHECK(screen.shows("at least 40x8"));
  screen.resize(120, 40);
  CHECK(screen.shows("script path"));
  CHECK(screen.shows("host memory"));

  screen.type("q");
  CHECK(is_given_back(*this, screen, "0"));
}

TEST_CASE_FIXTURE(home_fixture, "monit stops, starts and scales, and the mouse selects") {
  write("quiet.sh", "exec sleep 1000\n");
  done({"start", "quiet.sh", "--name", "one"});
  done({"start", "quiet.sh", "--name", "two"});
  tmux_screen screen{*this, 80, 24};
  screen.run(PROCVISOR_PROGRAM " dash");
  REQUIRE(screen.shows("─ one (0) "));
  screen.click(10, 4);
  REQUIRE(screen.shows("─ two (1) "));

  screen.type("sy");
  CHECK(screen.shows("stopped two (id 1)"));
  CHECK(status_of("two") == "stopped");
  screen.type("Sy");
  CHECK(screen.shows("started two (id 1)"));
  CHECK(status_of("two") == "online");
  screen.type("+");
  CHECK(screen.shows("number of processes: 2"));
  screen.press("Enter");
  CHECK(screen.shows("scale two to 2?"));
  screen.type("y");
  CHECK(screen.shows("scaled two to 2"));
  CHECK(processes().size() == 3);
  screen.type("Ry");
  CHECK(screen.shows("reloaded two (id 1)"));
  screen.press("C-c");
  CHECK(screen.no_longer_shows("online"));
}

TEST_CASE_FIXTURE(home_fixture, "monit gives the terminal back to whatever signal ends it") {
  done({"ping"});
  tmux_screen screen{*this, 80, 24};
  begin(screen, "monit");
  const std::pair<int, const char*> signals[] = {
      {SIGTERM, "143"}, {SIGHUP, "129"}, {SIGQUIT, "131"}, {SIGABRT, "134"}, {SIGSEGV, "139"}};
  for (const auto& [number, status] : signals) {
    CAPTURE(number);
    REQUIRE(screen.shows("no process"));
    const auto found = in_role("monit");
    REQUIRE(found.size() == 1);
    ::kill(found.front(), number);
    CHECK(is_given_back(*this, screen, status));
    std::filesystem::remove(path("after"));
    begin(screen, "monit");
  }
}

TEST_CASE_FIXTURE(home_fixture, "monit is suspended as the shell expects it, and goes on") {
  done({"ping"});
  tmux_screen screen{*this, 80, 24};
  screen.run("set -m; echo 'a line of before'; " PROCVISOR_PROGRAM " monit");
  REQUIRE(screen.shows("no process"));
  screen.press("C-z");
  CHECK(screen.shows("a line of before"));
  screen.run("fg");
  CHECK(screen.shows("no process"));
  screen.type("q");
  CHECK(screen.shows("a line of before"));
}

TEST_CASE_FIXTURE(home_fixture, "monit says that the daemon is gone, and goes on with the next one") {
  write("talk.sh", "echo I am $name; exec sleep 1000\n");
  done({"start", "talk.sh", "--name", "web"});
  tmux_screen screen{*this, 80, 24};
  screen.run(PROCVISOR_PROGRAM " monit");
  REQUIRE(screen.shows("I am web"));
  kill_role("daemon");
  CHECK(screen.shows("1/1 online"));
  done({"start", "talk.sh", "--name", "after"});
  CHECK(screen.shows("2/2 online"));

  shut_down();
  CHECK(screen.shows("no daemon is running; waiting for one"));
  done({"start", "talk.sh", "--name", "anew"});
  CHECK(screen.shows("1/1 online"));
  CHECK(screen.shows("I am anew"));
}

TEST_CASE_FIXTURE(home_fixture, "monit shows names and logs that would steer a terminal, and does not obey them") {
  write("evil.sh", "printf '\\033[2J\\033]0;owned\\007\\033[31mred\\033[0m\\tcell\\a\\n'; exec sleep 1000\n");
  done({"start", "evil.sh", "--name", "日本 <b>"});
  tmux_screen screen{*this, 80, 24};
  screen.run(PROCVISOR_PROGRAM " monit");
  CHECK(screen.shows("red     cell\\x07"));
  CHECK(contains(screen.shown(), "日本 <b>"));
  CHECK(contains(screen.shown(), "q quit"));
}

TEST_CASE_FIXTURE(home_fixture,
                  "monit answers keys in a flood of lines, in a window that changes its size all the time") {
  write("flood.sh", "exec yes a line in a flood\n");
  done({"start", "flood.sh", "--name", "web", "--log-max-size", "10M", "--log-keep", "1"});
  tmux_screen screen{*this, 80, 24};
  begin(screen, "monit");
  REQUIRE(screen.shows("a line in a flood"));
  for (int i = 0; i < 20; ++i)
    screen.resize(15 + 7 * (i % 11), 4 + 3 * (i % 7));
  screen.resize(80, 24);
  CHECK(screen.shows("? help  q quit"));
  screen.type("p");
  CHECK(screen.shows("paused"));
  screen.type("sy");
  CHECK(screen.shows("stopped web (id 0)"));
  screen.type("q");
  CHECK(is_given_back(*this, screen, "0"));
}

TEST_CASE_FIXTURE(home_fixture, "monit has 16 colours, and none where nobody wants them") {
  write("quiet.sh", "exec sleep 1000\n");
  done({"start", "quiet.sh", "--name", "web"});
  tmux_screen screen{*this, 80, 24};
  screen.run(PROCVISOR_PROGRAM " monit");
  REQUIRE(screen.shows("   0 web"));
  CHECK(contains(screen.shown(true), "\x1b[32monline"));
  CHECK_FALSE(contains(screen.shown(true), "38;5"));
  CHECK_FALSE(contains(screen.shown(true), "38;2"));
  screen.type("q");
  REQUIRE(screen.no_longer_shows("   0 web")); // or it would take what is typed next
  for (const auto* plain : {"NO_COLOR=1 " PROCVISOR_PROGRAM " monit", PROCVISOR_PROGRAM " monit --no-color"}) {
    CAPTURE(plain);
    screen.run(std::string{"clear; "} + plain);
    REQUIRE(screen.shows("   0 web"));
    CHECK(screen.shows("q quit"));
    for (const auto* colour : {"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[90m"})
      CHECK_FALSE(contains(screen.shown(true), colour));
    screen.type("q");
    REQUIRE(screen.no_longer_shows("   0 web"));
  }
}

TEST_CASE_FIXTURE(home_fixture, "ilogs follows, pages back through files that were put aside, and searches them") {
  fifo orders{path("orders")};
  write("many.sh", "seq 1 20000 | sed 's/^/number /'; while read -r line < orders; do echo $line; done\n");
  done({"start", "many.sh", "--name", "many", "--log-max-size", "100K"});
  REQUIRE(eventually([&] { return contains(read("home/logs/many-out.log"), "number 20000\n"); }));
  REQUIRE(exists("home/logs/many-out.log.1"));
  tmux_screen screen{*this, 80, 24};
  begin(screen, "ilogs many");

  REQUIRE(screen.shows("number 20000"));
  CHECK(screen.shows("following"));
  CHECK(e2e::run({{"sh", "-c", "echo fresh > orders"}, env, folder(), {}}).exit_code == 0);
  CHECK(screen.shows("fresh"));

  screen.press("PPage");
  CHECK(screen.shows("number 19970"));
  CHECK(screen.shows("paused"));
  screen.type("g");
  CHECK(screen.shows("number 1\n"));
  CHECK(screen.shows("history 0%"));
  screen.press("NPage");
  CHECK(screen.shows("number 30\n"));

  screen.type("G");
  CHECK(screen.shows("following"));
  screen.type("/NUMBER 555");
  screen.press("Enter");
  CHECK(screen.shows("not found")); // capitals are meant where there are some
  screen.type("/number 555");
  screen.press("Enter");
  CHECK(screen.shows("▶number 5559"));
  screen.type("n");
  CHECK(screen.shows("▶number 5558"));
  screen.type("N");
  CHECK(screen.shows("▶number 5559"));
  CHECK(contains(screen.shown(true), "\x1b[43m"));

  screen.resize(60, 15);
  CHECK(screen.shows("▶number 5559"));
  screen.press("Escape");
  CHECK(screen.shows("following"));
  CHECK(screen.shows("fresh"));
  screen.type("q");
  CHECK(is_given_back(*this, screen, "0"));
}

TEST_CASE_FIXTURE(home_fixture, "ilogs shows out, err or both, and the daemon's own log") {
  write("talk.sh", "echo to out; echo to err >&2; exec sleep 1000\n");
  done({"start", "talk.sh", "--name", "web"});
  tmux_screen screen{*this, 80, 24};
  screen.run(PROCVISOR_PROGRAM " ilogs");
  REQUIRE(screen.shows("▌to err"));
  CHECK(screen.shows(" to out"));
  screen.type("e");
  CHECK(screen.no_longer_shows("to err"));
  CHECK(screen.shows(" to out"));
  screen.type("e");
  CHECK(screen.shows("▌to err"));
  CHECK(screen.no_longer_shows(" to out"));
  screen.press("Down");
  screen.type("e");
  CHECK(screen.shows("─ procvisor.log "));
  CHECK(screen.shows("web:0"));
}

TEST_CASE_FIXTURE(home_fixture, "monit and ilogs need a terminal, and a target that is there") {
  for (const auto* verb : {"monit", "dash", "dashboard", "ilogs"}) {
    CAPTURE(verb);
    const auto ended = run({verb});
    CHECK(ended.exit_code == 2);
    CHECK(contains(ended.err, "no terminal"));
    CHECK(run({verb, "nobody"}).exit_code == 3);
    CHECK(run({verb, "one", "two"}).exit_code == 2);
  }
  done({"ping"});
  CHECK(run({"ilogs", "nobody"}).exit_code == 3);
}

} // namespace e2e
