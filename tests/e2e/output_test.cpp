// What a command prints, and where.
#include <array>

#include "home_fixture.hpp"

namespace e2e {

namespace {

constexpr char escape = '\033';

/// The columns of a line on a terminal: its characters without colours. All of those in these tests are one wide.
size_t columns(const std::string& line) {
  size_t count = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == escape) {
      i = line.find('m', i);
      continue;
    }
    count += (line[i] & 0xC0) != 0x80 ? 1 : 0;
  }
  return count;
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "stdout is data, talk is on stderr, where stdout is no terminal") {
  program("idle");
  const auto started = done({"start", "./idle"});
  CHECK(started.out.empty());
  CHECK(contains(started.err, "started idle"));
  CHECK(done({"stop", "idle"}).out.empty());

  CHECK(nlohmann::json::accept(done({"jlist"}).out));
  CHECK(contains(done({"list"}).out, "idle"));
  CHECK(done({"list"}).err.empty());
  CHECK(nlohmann::json::accept(done({"list", "--json"}).out));
  CHECK(nlohmann::json::accept(done({"describe", "idle", "--json"}).out));
  CHECK(nlohmann::json::accept(done({"stop", "idle", "--json"}).out));
  CHECK(done({"start", "idle", "--silent"}).err.empty());
}

TEST_CASE_FIXTURE(home_fixture, "with --json every verb that reads prints JSON, and an error is JSON on stderr") {
  program("idle");
  done({"start", "./idle"});
  for (const words& arguments : {words{"list"}, words{"jlist"}, words{"prettylist"}, words{"describe", "idle"},
                                 words{"id", "idle"}, words{"pid"}, words{"env", "idle"}, words{"report"},
                                 words{"ping"}, words{"get"}, words{"conf"}, words{"flush"}}) {
    words typed{arguments};
    typed.push_back("--json");
    CAPTURE(typed.front());
    CHECK(nlohmann::json::accept(done(typed).out));
  }
  for (const words& arguments : {words{"describe", "no"}, words{"stop", "no"}, words{"get", "KILL_TIMEOUT"}}) {
    words typed{arguments};
    typed.push_back("--json");
    const auto failed = run(typed);
    CAPTURE(failed.err);
    REQUIRE(nlohmann::json::accept(lines_of(failed.err).at(0)));
    CHECK(nlohmann::json::parse(lines_of(failed.err).at(0)).at("code") == 3);
  }
}

TEST_CASE_FIXTURE(home_fixture, "list is sorted by name, or by what --sort says") {
  program("idle");
  done({"start", "./idle", "--name", "b"});
  done({"start", "./idle", "--name", "a"});
  const auto order_of = [&](words arguments) {
    std::string names;
    for (const auto& line : lines_of(done(std::move(arguments)).out))
      if (line.starts_with("+--- "))
        names += line.substr(5);
    return names;
  };
  CHECK(order_of({"list", "-m"}) == "ab");
  CHECK(order_of({"list", "-m", "--sort", "id"}) == "ba");
  CHECK(order_of({"ls", "-m", "--sort=name:desc"}) == "ba");
  CHECK(run({"list", "--sort", "colour"}).exit_code == 2);
  CHECK(run({"list", "--sort", "name:down"}).exit_code == 2);
}

TEST_CASE_FIXTURE(home_fixture, "a table is no wider than its terminal, and only there it has colours") {
  program("idle");
  done({"start", "./idle", "--name", "an-app-with-quite-a-long-name-for-a-narrow-terminal"});
  done({"start", "./idle", "--name", "short"});
  const auto in_terminal = [&](words arguments, unsigned short width) {
    command what = procvisor(std::move(arguments));
    what.env["TERM"] = "xterm";
    return run_in_terminal(what, width);
  };

  for (const unsigned short width : std::array<unsigned short, 5>{40, 60, 80, 120, 200}) {
    CAPTURE(width);
    const auto shown = in_terminal({"list"}, width);
    CHECK(shown.exit_code == 0);
    CHECK(contains(shown.out, "short"));
    CHECK(contains(shown.out, std::string{escape} + "["));
    for (const auto& line : lines_of(shown.out))
      CHECK_MESSAGE(columns(line) <= width, line);
  }
  CHECK_FALSE(contains(in_terminal({"list", "--no-color"}, 80).out, std::string{escape}));
  env["NO_COLOR"] = "1";
  CHECK_FALSE(contains(in_terminal({"list"}, 80).out, std::string{escape}));
  CHECK_FALSE(contains(in_terminal({"describe", "short"}, 80).out, std::string{escape}));
  env.erase("NO_COLOR");
  CHECK_FALSE(contains(done({"list"}).out, std::string{escape}));
  CHECK_FALSE(contains(done({"describe", "short"}).out, std::string{escape}));
}

TEST_CASE_FIXTURE(home_fixture, "list --watch shows the list again and again, as it is by then") {
  program("idle");
  done({"start", "./idle", "--name", "first"});
  background_command watched{procvisor({"list", "--watch", "--no-color"})};
  CHECK(watched.says("first"));
  done({"start", "./idle", "--name", "second"});
  CHECK(watched.says("second"));
  done({"kill"});
  CHECK(watched.says("watching │\n└")); // nothing is in it
}

TEST_CASE_FIXTURE(home_fixture, "an app's name and output cannot steer the terminal of who looks at the list") {
  program("idle");
  CHECK(run({"start", "./idle", "--name", "\033[2Jgone"}).exit_code == 2);
}

TEST_CASE_FIXTURE(home_fixture, "jlist has PM2's shape") {
  program("idle");
  done({"start", "./idle"});

  const auto row = process("idle");

  CHECK(row.at("pm_id") == 0);
  CHECK(row.at("pid").is_number());
  CHECK(row.at("monit").contains("cpu"));
  CHECK(row.at("monit").at("memory").is_number_unsigned()); // 0 is right where execve has only just let go
  const auto& details = row.at("pm2_env");
  CHECK(details.at("pm_exec_path") == path("idle"));
  CHECK(details.at("pm_cwd") == folder());
  CHECK(details.at("pm_out_log_path") == home() + "/logs/idle-out.log");
  CHECK(details.at("pm_err_log_path") == home() + "/logs/idle-error.log");
  CHECK(details.at("exec_mode") == "fork_mode");
  CHECK(details.at("pm_uptime") > 0);
}

TEST_CASE_FIXTURE(home_fixture, "a closed stdout is no crash") {
  program("idle");
  done({"start", "./idle"});
  command piped{{"sh", "-c", "\"$0\" list | :; \"$0\" jlist >&-; :", PROCVISOR_PROGRAM}, env, folder(), {}};
  CHECK(e2e::run(piped).exit_code == 0);
  CHECK(status_of("idle") == "online");
}

TEST_CASE_FIXTURE(home_fixture, "the value of a variable is in jlist, and nowhere else") {
  const std::string canary = "canary-7f3a91";
  fifo report{path("report")};
  write("app.sh", "test -n \"$FROM_FILE$FROM_CALLER\" && echo has both > report; exec sleep 1000\n");
  write("ecosystem.json", R"([{"name": "app", "script": "app.sh", "env": {"FROM_FILE": "canary-7f3a91"}}])");
  env["FROM_CALLER"] = canary;
  std::string shown;
  const auto show = [&](words arguments) {
    const auto result = run(std::move(arguments));
    shown += result.out + result.err;
  };

  show({"start"});
  REQUIRE(report.line() == "has both");
  show({"restart", "app"});
  show({"list"});
  show({"list", "--json"});
  show({"list", "--mini-list"});
  show({"describe", "app"});
  show({"describe", "app", "--json"});
  show({"stop", "app", "--json"});
  show({"logs", "--nostream"});
  write("app.sh", "exit 1\n");
  show({"start", "app", "--json"});
  REQUIRE(becomes("app", "errored"));
  show({"describe", "app"});
  shown += read("home/procvisor.log") + read("home/logs/app-out.log") + read("home/logs/app-error.log");

  CHECK_FALSE(contains(shown, canary));
  CHECK(contains(done({"jlist"}).out, canary));
}

} // namespace e2e
