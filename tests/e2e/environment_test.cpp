// Where the variables of an app come from, and when they change.
#include <sys/stat.h>

#include "home_fixture.hpp"

namespace e2e {

namespace {

/// An app that reports its variables each time that it is launched.
struct environment_fixture : home_fixture {
  fifo report{path("report")};

  environment_fixture() { write("app.sh", "echo \"$CALLER $BASE $EXTRA\" > report; exec sleep 1000\n"); }

  void declare(const std::string& keys) const {
    write("ecosystem.json", R"([{"name": "app", "script": "app.sh", )" + keys + "}]");
  }
};

} // namespace

TEST_CASE_FIXTURE(environment_fixture,
                  "restart of a file takes the file as it is now, and the environment of the caller of start") {
  env["CALLER"] = "first";
  declare(R"("env": {"BASE": 1, "EXTRA": 1})");
  done({"start", "ecosystem.json"});
  CHECK(report.line() == "first 1 1");

  env["CALLER"] = "second";
  declare(R"("env": {"BASE": 2})");
  for (const char* verb : {"restart", "start"}) {
    done({verb, "ecosystem.json"});
    CHECK(report.line() == "first 2 "); // what was removed from the file is gone
  }
  done({"restart", "ecosystem.json", "--update-env"});
  CHECK(report.line() == "second 2 ");
}

TEST_CASE_FIXTURE(environment_fixture,
                  "restart of a name keeps the environment, and takes the caller's with --update-env") {
  env["CALLER"] = "first";
  env["EXTRA"] = "caller";
  declare(R"("env": {"BASE": 1})");
  done({"start", "ecosystem.json"});
  CHECK(report.line() == "first 1 caller");

  env["CALLER"] = "second";
  env.erase("EXTRA");
  declare(R"("env": {"BASE": 2})");
  done({"restart", "app"});
  CHECK(report.line() == "first 1 caller");
  done({"restart", "app", "-a"});
  CHECK(report.line() == "second 1 ");
  env["CALLER"] = "third";
  done({"restart", "app"});
  CHECK(report.line() == "second 1 ");
}

TEST_CASE_FIXTURE(environment_fixture,
                  "--env counts for one start or restart of a file, and says where an app has no such values") {
  write("ecosystem.json", R"([{"name": "app", "script": "app.sh", "env": {"BASE": 1}, "env_test": {"BASE": 2}},
                              {"name": "other", "script": "app.sh", "autostart": false}])");
  const auto started = done({"start", "ecosystem.json", "--env", "test"});
  CHECK(contains(started.err, "no env_test for other: only env is used"));
  CHECK(report.line() == " 2 ");

  done({"restart", "ecosystem.json", "--only", "app"});
  CHECK(report.line() == " 1 ");

  const auto by_name = run({"restart", "app", "--env", "test"});
  CHECK(by_name.exit_code == 2);
  CHECK(contains(by_name.err, "--env chooses from a file"));
}

TEST_CASE_FIXTURE(home_fixture,
                  "variables and arguments reach an app byte for byte, UTF-8 or not, after a restart as well") {
  fifo report{path("report")};
  write("app.sh", "echo \"$BYTES|$1\" > report; exec sleep 1000\n");
  env["BYTES"] = "\xff\xc3( gr\xc3\xbc\xc3\x9f"
                 "e";

  done({"start", "app.sh", "--", "\xfe\x80"});
  CHECK(report.line() == env["BYTES"] + "|\xfe\x80");
  done({"restart", "app"});
  CHECK(report.line() == env["BYTES"] + "|\xfe\x80");

  CHECK(process("app").at("pm2_env").at("env").at("BYTES") == "\uFFFD\uFFFD( grüße"); // for people and scripts
}

TEST_CASE_FIXTURE(home_fixture, "a folder, a script and log files may have any bytes in their names") {
  fifo report{path("report")};
  REQUIRE(::mkdir(path("\xfc").c_str(), 0755) == 0);
  write("\xfc/\xfe.sh", "echo hello; echo started > ../report; exec sleep 1000\n");

  done({"start", path("\xfc/\xfe.sh"), "--name", "app", "--cwd", path("\xfc"), "-o", "\xfd.log", "-p", "\xfb.pid",
        "--log-date-format", "[\xfa]"});
  CHECK(report.line() == "started");

  CHECK(eventually([&] { return contains(read("\xfc/\xfd.log"), "hello"); }));
  CHECK(eventually([&] { return exists("\xfc/\xfb-0.pid"); }));
  CHECK(contains(done({"logs", "app", "--nostream"}).out, "hello"));
  CHECK(status_of("app") == "online");
}

TEST_CASE_FIXTURE(home_fixture,
                  "what programs read is there: the instance, name, pm_id, both homes, PORT, and no attribute else") {
  fifo report{path("report")};
  write("app.sh", "env > seen.tmp; mv seen.tmp seen; echo done > report; exec sleep 1000\n");
  done({"start", "app.sh", "--name", "web", "--port", "81", "--max-restarts", "3"});
  CHECK(report.line() == "done");

  const auto seen = "\n" + read("seen");
  for (const std::string variable : {"NODE_APP_INSTANCE=0", "name=web", "pm_id=0", "PORT=81"})
    CHECK_MESSAGE(contains(seen, "\n" + variable + "\n"), variable);
  CHECK(contains(seen, "\nPM2_HOME=" + home() + "\n"));
  CHECK(contains(seen, "\nPROCVISOR_HOME=" + home() + "\n"));
  for (const std::string variable : {"max_restarts", "exec_mode", "status", "pm_cwd"})
    CHECK_MESSAGE(!contains(seen, "\n" + variable + "="), variable);
}

} // namespace e2e
