// What an app prints is in its files, all of it, in order.
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>

#include "home_fixture.hpp"

namespace e2e {

TEST_CASE_FIXTURE(home_fixture, "a megabyte that is written right before the end is in the file") {
  program("flood");
  constexpr long bytes = 1024 * 1024;
  done({"start", "./flood", "--no-autorestart", "--no-wait", "--", std::to_string(bytes)});
  CHECK(becomes("flood", "stopped"));
  CHECK(eventually([&] { return read("home/logs/flood-out.log").size() >= bytes; }));

  const auto lines = lines_of(read("home/logs/flood-out.log"));

  REQUIRE(lines.size() == bytes / 64);
  for (size_t i = 0; i < lines.size(); ++i)
    REQUIRE(std::stoul(lines[i]) == i);
}

TEST_CASE_FIXTURE(home_fixture, "twenty restarts lose no line and change no order") {
  program("numbers");
  fifo never{path("never")};
  done({"start", "./numbers", "--", "counter", "20000"});
  for (int i = 0; i < 20; ++i)
    done({"restart", "numbers"});
  done({"stop", "numbers"});
  long counter = 0;
  const std::string memory = read("counter");
  REQUIRE(memory.size() == sizeof counter);
  memory.copy(reinterpret_cast<char*>(&counter), sizeof counter);
  REQUIRE(counter > 0);
  CHECK(eventually([&] { return contains(read("home/logs/numbers-out.log"), "\n" + std::to_string(counter) + "\n"); }));

  long last = 0;
  int repeated = 0; // killed between its write and its count, it writes that number again
  for (const auto& line : lines_of(read("home/logs/numbers-out.log"))) {
    const long number = std::stol(line);
    REQUIRE((number == last + 1 || number == last));
    repeated += number == last ? 1 : 0;
    last = number;
  }
  CHECK(last >= counter);
  CHECK(repeated <= 20);
}

TEST_CASE_FIXTURE(home_fixture, "stdout and stderr go to files of their own, or in order to one") {
  write("talk.sh", "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done; exec sleep 1000\n");
  done({"start", "talk.sh", "--name", "two"});
  done({"start", "talk.sh", "--name", "one", "--output", "both.log", "--error", "both.log"});

  CHECK(eventually([&] { return lines_of(read("home/logs/two-out.log")).size() == 5; }));
  CHECK(read("home/logs/two-out.log") == "out 1\nout 2\nout 3\nout 4\nout 5\n");
  CHECK(eventually([&] { return lines_of(read("home/logs/two-error.log")).size() == 5; }));
  CHECK(read("home/logs/two-error.log") == "err 1\nerr 2\nerr 3\nerr 4\nerr 5\n");
  CHECK(eventually([&] { return lines_of(read("both.log")).size() == 10; }));
  std::string out;
  std::string err;
  for (const auto& line : lines_of(read("both.log")))
    (line.starts_with("out") ? out : err) += line + "\n";
  CHECK(out == read("home/logs/two-out.log"));
  CHECK(err == read("home/logs/two-error.log"));
}

TEST_CASE_FIXTURE(home_fixture, "logs shows the last lines of what was asked for") {
  fifo report{path("report")};
  write("talk.sh", "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done; echo said > report; exec sleep 1000\n");
  done({"start", "talk.sh"});
  REQUIRE(report.line() == "said");
  REQUIRE(eventually([&] { return contains(read("home/logs/talk-error.log"), "err 5"); }));
  REQUIRE(eventually([&] { return contains(read("home/logs/talk-out.log"), "out 5"); }));

  const auto three = done({"logs", "talk", "--nostream", "--lines", "3"}).out;
  CHECK_FALSE(contains(three, "out 2"));
  CHECK(contains(three, "out 3"));
  CHECK(contains(three, "err 5"));
  CHECK(done({"logs", "talk", "--nostream", "--raw", "--out"}).out == "out 1\nout 2\nout 3\nout 4\nout 5\n");
  const auto errors = done({"logs", "talk", "--nostream", "--raw", "--err"});
  CHECK(errors.out.empty());
  CHECK(contains(errors.err, "err 1\nerr 2\nerr 3\nerr 4\nerr 5\n"));
  CHECK(contains(done({"logs", "procvisor", "--nostream"}).out, "talk:0"));
}

TEST_CASE_FIXTURE(home_fixture, "logs takes names, ids, namespaces, expressions and all, and knows an unknown target") {
  fifo report{path("report")};
  write("talk.sh", "echo I am $name; echo said > report; exec sleep 1000\n");
  done({"start", "talk.sh", "--name", "web", "--namespace", "shop"});
  done({"start", "talk.sh", "--name", "api"});
  REQUIRE(report.line() == "said");
  REQUIRE(report.line() == "said");
  REQUIRE(eventually([&] { return read("home/logs/web-out.log") == "I am web\n"; }));
  REQUIRE(eventually([&] { return read("home/logs/api-out.log") == "I am api\n"; }));

  const std::pair<const char*, const char*> rows[] = {
      {"web", "I am web\n"}, {"1", "I am api\n"}, {"shop", "I am web\n"}, {"/^w/", "I am web\n"}};
  for (const auto& [target, expected] : rows) {
    CAPTURE(target);
    CHECK(done({"logs", target, "--nostream", "--raw"}).out == expected);
  }
  CHECK(contains(done({"logs", "all", "--nostream", "--raw"}).out, "I am web\n"));
  CHECK(contains(done({"logs", "all", "--nostream", "--raw"}).out, "I am api\n"));
  CHECK(run({"logs", "nobody", "--nostream"}).exit_code == 3);
  CHECK(run({"logs", "nobody"}).exit_code == 3);
}

TEST_CASE_FIXTURE(home_fixture, "logs shows no line, or as many as there are") {
  fifo report{path("report")};
  write("talk.sh", "echo one; echo two; echo said > report; exec sleep 1000\n");
  done({"start", "talk.sh"});
  REQUIRE(report.line() == "said");
  REQUIRE(eventually([&] { return read("home/logs/talk-out.log") == "one\ntwo\n"; }));

  CHECK(done({"logs", "talk", "--nostream", "--raw", "--lines", "0"}).out.empty());
  CHECK(done({"logs", "talk", "--nostream", "--raw", "--lines", "4000000000000000000"}).out == "one\ntwo\n");
  CHECK(run({"logs", "--lines", "x"}).exit_code == 2);
  std::filesystem::remove(path("home/logs/talk-out.log"));
  CHECK(done({"logs", "talk", "--nostream", "--raw"}).out.empty());
}

TEST_CASE_FIXTURE(home_fixture, "logs writes lines for programs: as JSON, or as fields") {
  env["TZ"] = "UTC";
  fifo orders{path("orders")};
  fifo report{path("report")};
  write("talk.sh",
        "echo old; echo up > report; read -r order < orders; echo $order; echo $order >&2; exec sleep 1000\n");
  done({"start", "talk.sh"});
  REQUIRE(report.line() == "up");
  REQUIRE(eventually([&] { return read("home/logs/talk-out.log") == "old\n"; }));
  background_command as_json{procvisor({"logs", "talk", "--json", "--lines", "1"})};
  background_command as_fields{procvisor({"logs", "talk", "--format", "--lines", "1"})};
  background_command timed{procvisor({"logs", "talk", "--timestamp", "[now]"})};
  REQUIRE(as_json.says(R"({"message":"old","type":"out")"));
  REQUIRE(as_fields.says("timestamp=- app=talk id=0 type=out message=old\n"));
  REQUIRE(timed.says("0|talk     | old\n"));
  CHECK(e2e::run({{"sh", "-c", "echo tea > orders"}, env, folder(), {}}).exit_code == 0);

  CHECK(as_json.says(R"("type":"err","process_id":0,"app_name":"talk"})"));
  CHECK(as_json.says(R"({"message":"tea","timestamp":")"));
  CHECK(as_fields.says(" app=talk id=0 type=error message=tea\n"));
  CHECK(as_fields.says("+0000 app=talk id=0 type=out message=tea\n"));
  CHECK(timed.says("now 0|talk     | tea\n"));
  CHECK(contains(done({"logs", "talk", "--json", "--nostream", "--out"}).out, R"({"message":"tea","type":"out")"));
  CHECK(done({"logs", "talk", "--format", "--nostream", "--err"}).out
        == "timestamp=- app=talk id=0 type=error message=tea\n");
}

TEST_CASE_FIXTURE(home_fixture, "logs lets a text stand out on a terminal, and nowhere else") {
  fifo report{path("report")};
  write("talk.sh", "echo a disk is full; echo oops >&2; echo said > report; exec sleep 1000\n");
  done({"start", "talk.sh"});
  REQUIRE(report.line() == "said");
  REQUIRE(eventually([&] { return read("home/logs/talk-out.log") == "a disk is full\n"; }));
  REQUIRE(eventually([&] { return read("home/logs/talk-error.log") == "oops\n"; }));
  env["TERM"] = "xterm";

  const auto shown = [&](words arguments) { return run_in_terminal(procvisor(std::move(arguments)), 80).out; };
  CHECK(contains(shown({"logs", "talk", "--nostream", "--highlight", "disk"}), "a \x1b[7mdisk\x1b[0m is full"));
  CHECK(contains(shown({"logs", "talk", "--nostream", "--highlight"}), "\x1b[7moops\x1b[0m"));
  CHECK(contains(done({"logs", "talk", "--nostream", "--highlight", "disk"}).out, "a disk is full"));
}

TEST_CASE_FIXTURE(home_fixture, "a line that is written while somebody follows arrives, those of a restart as well") {
  fifo orders{path("orders")};
  fifo report{path("report")};
  write("talk.sh", "echo first; echo up > report; read -r order < orders; echo \"got $order\"; exec sleep 1000\n");
  done({"start", "talk.sh"});
  REQUIRE(report.line() == "up");
  background_command follower{procvisor({"logs", "talk"})};
  REQUIRE(follower.says("first"));

  const auto order = [&](const std::string& word) {
    // Through a shell: the fifo of the test is one that the test reads.
    return e2e::run({{"sh", "-c", "echo \"$0\" > orders", word}, env, folder(), {}});
  };
  order("tea");
  CHECK(follower.says("got tea"));
  done({"restart", "talk"});
  REQUIRE(report.line() == "up");
  order("coffee");
  CHECK(follower.says("got coffee"));
}

TEST_CASE_FIXTURE(home_fixture,
                  "a line without a newline at the end of an app is in the file, and a binary one as it is") {
  write("talk.sh", "printf 'a\\0b\\377c\\n'; printf unfinished; exit 0\n");
  done({"start", "talk.sh", "--no-autorestart"});
  CHECK(becomes("talk", "stopped"));

  const std::string wanted("a\0b\377c\nunfinished", 16);
  CHECK(eventually([&] { return read("home/logs/talk-out.log").starts_with(wanted); }));
}

TEST_CASE_FIXTURE(home_fixture, "/dev/null and disable_logs keep nothing") {
  fifo report{path("report")};
  write("talk.sh", "echo words; echo said > report; exec sleep 1000\n");
  done({"start", "talk.sh", "--name", "null", "--output", "/dev/null", "--error", "/dev/null"});
  done({"start", "talk.sh", "--name", "none", "--disable-logs"});
  REQUIRE(report.line() == "said");
  REQUIRE(report.line() == "said");
  done({"delete", "all"});

  CHECK_FALSE(exists("home/logs/null-out.log"));
  CHECK_FALSE(exists("home/logs/none-out.log"));
}

TEST_CASE_FIXTURE(home_fixture, "logs goes on by itself when recorder, daemon or keeper are replaced") {
  write("say.sh", "while :; do cat what; sleep 0.1; done\n");
  write("what", "at first\n");
  done({"start", "say.sh"});
  background_command follower{procvisor({"logs", "say"})};
  REQUIRE(follower.says("at first"));

  int deaths = 0;
  for (const std::string role : {"recorder", "daemon", "keeper", "recorder"}) {
    kill_role(role);
    const std::string after = "after the death of " + role + " " + std::to_string(++deaths);
    write("what", after + "\n");
    CHECK(follower.says(after));
  }

  shut_down();
  const auto told = follower.finish();
  CHECK(told.exit_code == 1);
  CHECK(contains(told.err, "what was printed meanwhile is in the log files"));
  CHECK(contains(told.err, "the stream of logs has ended"));
}

TEST_CASE_FIXTURE(home_fixture, "list --watch goes on with the next daemon when the one that it asks is killed") {
  program("idle");
  done({"start", "./idle"});
  background_command watching{procvisor({"list", "--watch"})};
  REQUIRE(watching.says("idle"));
  const auto daemon = in_role("daemon");
  REQUIRE(daemon.size() == 1);
  ::kill(daemon.front(), SIGSTOP);
  std::this_thread::sleep_for(std::chrono::milliseconds{1500}); // by now it has been asked, and does not answer
  ::kill(daemon.front(), SIGKILL);

  done({"start", "./idle", "--name", "later"});

  CHECK(watching.says("later"));
}

TEST_CASE_FIXTURE(home_fixture, "logs without a target shows apps that are started later, from their first line on") {
  write("first.sh", "echo here; exec sleep 1000\n");
  write("later.sh", "echo line of $name; echo error of $name >&2; exec sleep 1000\n");
  done({"start", "first.sh"});
  background_command all{procvisor({"logs", "--raw"})};
  background_command one{procvisor({"logs", "first"})};
  REQUIRE(all.says("here")); // what has been written is shown when they follow
  REQUIRE(one.says("here"));
  done({"start", "later.sh"});
  CHECK(all.says("line of later"));
  CHECK(all.says("error of later"));
  done({"delete", "later"});
  done({"start", "later.sh", "--name", "again"}); // with the number of the other one
  CHECK(all.says("line of again"));
  ::kill(one.pid(), SIGTERM);
  CHECK(!contains(one.finish().out, "line of"));
}

} // namespace e2e
