// max_memory_restart.
#include "home_fixture.hpp"

namespace e2e {

namespace {

/// A shell, a child of which has 60 MiB once the file `grow` is there.
struct memory_fixture : home_fixture {
  fifo report{path("report")};

  memory_fixture() {
    write("child.py", "import os, time\n"
                      "while not os.path.exists('grow'): time.sleep(0.02)\n"
                      "block = bytearray(60 << 20)\n"
                      "time.sleep(1000)\n");
    write("app.sh", "echo launched > report\npython3 child.py\n");
  }
};

} // namespace

TEST_CASE_FIXTURE(memory_fixture,
                  "an app is restarted when a process that it has started is above max_memory_restart") {
  done({"start", "app.sh", "--max-memory-restart", "40M", "--worker-interval", "100"});
  CHECK(report.line() == "launched");
  CHECK(restarts_of("app") == 0);

  write("grow", "");

  CHECK(report.line() == "launched");
  const auto log = read("home/procvisor.log");
  CHECK(contains(log, "restarting: memory "));
  CHECK(contains(log, "M > 40M"));
  const auto row = nlohmann::json::parse(done({"list", "--json"}).out).at(0);
  CHECK(contains(row.at("cause").get<std::string>(), "M > 40M"));
  CHECK(process("app").at("pm2_env").at("max_memory_restart") == 40 << 20);
  const auto shown = done({"describe", "app"}).out;
  CHECK(contains(shown, "max memory restart"));
  CHECK(contains(shown, " memory)"));
}

TEST_CASE_FIXTURE(memory_fixture, "the same where there are no cgroups") {
  env["PROCVISOR_TEST_WITHOUT_CGROUPS"] = "1";
  env["PM2_WORKER_INTERVAL"] = "100";
  done({"start", "app.sh", "--max-memory-restart", "40M"});
  CHECK(report.line() == "launched");
  write("grow", "");
  CHECK(report.line() == "launched");
  CHECK(contains(read("home/procvisor.log"), "M > 40M"));
}

TEST_CASE_FIXTURE(home_fixture, "a limit of memory that can hardly be meant gets a warning, and 0 is none") {
  write("app.sh", "exec sleep 1000\n");
  const auto small = run({"start", "app.sh", "--max-memory-restart", "300", "--no-autostart"});
  CHECK(small.exit_code == 0);
  CHECK(contains(small.err, "max_memory_restart 300 is so many bytes"));
  CHECK(contains(small.err, "300M"));
  const auto large = run({"restart", "app", "--max-memory-restart", "900000G"});
  CHECK(large.exit_code == 0);
  CHECK(contains(large.err, "more than"));
  CHECK(contains(large.err, "that this machine has"));
  CHECK(contains(done({"describe", "app"}).out, "max memory restart"));

  done({"restart", "app", "--max-memory-restart", "0"});
  CHECK_FALSE(contains(done({"describe", "app"}).out, "max memory restart"));
}

} // namespace e2e
