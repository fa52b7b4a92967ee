// The keys that say where logs go and how their lines look.
#include "home_fixture.hpp"

namespace e2e {

namespace {

constexpr const char* talker = "printf 'one '; echo line; echo oops >&2; echo said > report; exec sleep 1000\n";

/// Whether each 0 of `shape` stands where a digit does, and everything else where it is.
bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size())
    return false;
  for (size_t i = 0; i < text.size(); ++i)
    if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
      return false;
  return true;
}

} // namespace

TEST_CASE_FIXTURE(home_fixture, "time and log_date_format put a date in front of each line") {
  env["TZ"] = "IST-5:30"; // five and a half hours east
  write("talk.sh", talker);
  write("apps.json", R"({apps: [{name: 'file', script: 'talk.sh', log_date_format: 'YYYY-MM-DD HH:mm Z'}]})");
  fifo report{path("report")};
  done({"start", "apps.json"});
  done({"start", "talk.sh", "--name", "flag", "--time"});
  done({"start", "talk.sh", "--name", "custom", "--log-date-format", "[at] x"});
  for (int i = 0; i < 3; ++i)
    CHECK(report.line() == "said");

  CHECK(eventually([&] { return has_shape(read("home/logs/file-out.log"), "0000-00-00 00:00 +05:30: one line\n"); }));
  CHECK(eventually([&] { return has_shape(read("home/logs/file-error.log"), "0000-00-00 00:00 +05:30: oops\n"); }));
  CHECK(eventually([&] { return has_shape(read("home/logs/flag-out.log"), "0000-00-00T00:00:00: one line\n"); }));
  CHECK(eventually([&] { return has_shape(read("home/logs/custom-out.log"), "at 0000000000000: one line\n"); }));
}

TEST_CASE_FIXTURE(home_fixture, "log_type json makes an object of each line") {
  write("talk.sh", "printf 'a\\377\"b\\n'; echo two; echo said > report; exec sleep 1000\n");
  fifo report{path("report")};
  done({"start", "talk.sh", "--log-type", "json"});
  CHECK(report.line() == "said");
  REQUIRE(eventually([&] { return lines_of(read("home/logs/talk-out.log")).size() == 2; }));

  const auto line = nlohmann::json::parse(lines_of(read("home/logs/talk-out.log")).at(0));

  CHECK(line["message"] == "a\u00ff\"b");
  CHECK(line["type"] == "out");
  CHECK(line["process_id"] == 0);
  CHECK(line["app_name"] == "talk");
  CHECK(has_shape(line["timestamp"].get<std::string>(), "0000-00-00T00:00:00.000Z"));
}

TEST_CASE_FIXTURE(home_fixture, "log_file keeps one more file of both streams, with a path and without") {
  write("talk.sh", talker);
  write("apps.json", R"({apps: [
    {name: 'named', script: 'talk.sh', log_file: 'logs of mine/all.log'},
    {name: 'two', script: 'talk.sh', instances: 2, log: 'two.log', out: '/dev/null', error: '/dev/null'}]})");
  fifo report{path("report")};
  done({"start", "apps.json"});
  done({"start", "talk.sh", "--name", "unnamed", "-l"});
  for (int i = 0; i < 4; ++i)
    CHECK(report.line() == "said");

  for (const char* file : {"logs of mine/all.log", "two-1.log", "two-2.log", "home/logs/unnamed-3.log"}) {
    CAPTURE(file);
    CHECK(eventually([&] { return lines_of(read(file)).size() == 2; }));
    CHECK(contains(read(file), "one line\n"));
    CHECK(contains(read(file), "oops\n"));
  }
  CHECK(read("home/logs/named-out.log") == "one line\n");
  CHECK(read("home/logs/unnamed-error.log") == "oops\n");
  CHECK(contains(done({"describe", "named"}).out, path("logs of mine/all.log")));
  CHECK(process("unnamed").at("pm2_env").at("pm_log_path") == home() + "/logs/unnamed-3.log");
  CHECK(contains(done({"logs", "two", "--nostream", "--raw"}).out, "one line"));
}

TEST_CASE_FIXTURE(home_fixture, "instances have log files of their own, or with merge_logs one") {
  write("talk.sh", talker);
  fifo report{path("report")};
  done({"start", "talk.sh", "--name", "own", "-i", "2"});
  done({"start", "talk.sh", "--name", "merged", "-i", "2", "--merge-logs"});
  for (int i = 0; i < 4; ++i)
    CHECK(report.line() == "said");

  CHECK(eventually([&] { return read("home/logs/own-out-0.log") == "one line\n"; }));
  CHECK(eventually([&] { return read("home/logs/own-out-1.log") == "one line\n"; }));
  CHECK(eventually([&] { return read("home/logs/merged-out.log") == "one line\none line\n"; }));
}

TEST_CASE_FIXTURE(home_fixture, "what a name has and a file name should not have is '-' in the names of its files") {
  write("talk.sh", talker);
  fifo report{path("report")};
  done({"start", "talk.sh", "--name", "wEird näme@x_1.b", "-l"});
  REQUIRE(report.line() == "said");

  CHECK(eventually([&] { return read("home/logs/wEird-n-me-x-1.b-out.log") == "one line\n"; }));
  CHECK(eventually([&] { return read("home/logs/wEird-n-me-x-1.b-error.log") == "oops\n"; }));
  CHECK(eventually([&] { return lines_of(read("home/logs/wEird-n-me-x-1.b-0.log")).size() == 2; }));
  CHECK(eventually([&] { return exists("home/pids/wEird-n-me-x-1.b-0.pid"); }));
}

TEST_CASE_FIXTURE(home_fixture, "the folders of log files and pid files are made where they are missing") {
  write("talk.sh", talker);
  write("apps.json", R"([{"name": "app", "script": "talk.sh", "out_file": "a/b/out.log", "error_file": "a/c/error.log",
                          "log_file": "d/all.log", "pid_file": "e/f/app.pid"}])");
  fifo report{path("report")};
  done({"start", "apps.json"});
  REQUIRE(report.line() == "said");

  CHECK(eventually([&] { return read("a/b/out.log") == "one line\n"; }));
  CHECK(eventually([&] { return read("a/c/error.log") == "oops\n"; }));
  CHECK(eventually([&] { return lines_of(read("d/all.log")).size() == 2; }));
  CHECK(eventually([&] { return read("e/f/app-0.pid") == std::to_string(pid_of("app")) + "\n"; }));
  done({"stop", "app"});
  CHECK(eventually([&] { return !exists("e/f/app-0.pid"); }));
}

TEST_CASE_FIXTURE(home_fixture, "as many instances as there are CPUs share their log files, as PM2's do") {
  write("talk.sh", talker);
  fifo report{path("report")};
  done({"start", "talk.sh", "-i", "max"});
  const auto count = processes().size();
  for (size_t i = 0; i < count; ++i)
    REQUIRE(report.line() == "said");
  CHECK(eventually([&] { return lines_of(read("home/logs/talk-out.log")).size() == count; }));
}

TEST_CASE_FIXTURE(home_fixture, "a log key with a wrong value starts nothing") {
  write("talk.sh", talker);
  write("apps.json", R"({apps: [{script: 'talk.sh', log_type: 'xml'}]})");
  const auto from_file = run({"start", "apps.json"});
  CHECK(from_file.exit_code == 2);
  CHECK(contains(from_file.err, "'log_type' must be raw or json, not 'xml'"));
  CHECK(run({"start", "talk.sh", "--log-type", "xml"}).exit_code == 2);
  CHECK(run({"start", "talk.sh", "--log-typ", "json"}).exit_code == 2);
}

} // namespace e2e
