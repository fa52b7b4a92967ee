// Apps that are restarted when their files change.
#include <poll.h>

#include <filesystem>

#include "home_fixture.hpp"

namespace e2e {

namespace {

/// An app in a folder of its own that reports each launch.
struct watch_fixture : home_fixture {
  fifo report{path("report")};

  watch_fixture() {
    std::filesystem::create_directories(path("app/src"));
    write("app/src/a.js", "1");
    write("app/app.sh", "echo launched > ../report; exec sleep 1000\n");
  }
  words start(words more = {"--watch"}) const {
    words all{"start", "app.sh", "--cwd", "app"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  bool journal_has(const std::string& text) const {
    return eventually([&] { return contains(read("home/procvisor.log"), text); });
  }
};

} // namespace

TEST_CASE_FIXTURE(watch_fixture,
                  "with --watch a change in the working directory restarts an app, and the file is named") {
  done(start());
  CHECK(report.line() == "launched");

  write("app/src/a.js", "2");

  CHECK(report.line() == "launched");
  CHECK(contains(read("home/procvisor.log"), "restarting: src/a.js changed"));
  const auto row = process("app");
  CHECK(row.at("pm2_env").at("watch") == true);
  CHECK(row.at("pm2_env").at("restart_time") == 1);
  CHECK(becomes("app", "online"));
  const auto shown = done({"describe", "app"}).out;
  CHECK(contains(shown, "src/a.js changed"));
  CHECK(contains(shown, "1 (1 watch)"));
  CHECK(contains(done({"list"}).out, "enabled"));
  CHECK(nlohmann::json::parse(done({"list", "--json"}).out).at(0).at("cause") == "src/a.js changed");
}

TEST_CASE_FIXTURE(watch_fixture,
                  "a new folder, an editor's rename and a removal are changes; what is ignored is none") {
  done(start({"--watch", "--ignore-watch", "tmp *.bak [\\/\\\\]gen[0-9]$", "--watch-delay", "50"}));
  CHECK(report.line() == "launched");

  std::filesystem::create_directories(path("app/tmp/node_modules"));
  std::filesystem::create_directories(path("app/.git"));
  std::filesystem::create_directories(path("app/gen1"));
  for (const char* ignored : {"app/tmp/x", "app/a.bak", "app/.git/index", "app/gen1/x"})
    write(ignored, "x");
  std::filesystem::create_directories(path("app/new/deep"));
  write("app/new/deep/b.js", "x");
  CHECK(report.line() == "launched");
  CHECK(contains(read("home/procvisor.log"), "restarting: new/deep/b.js changed"));

  write("app/src/a.js.tmp", "2");
  std::filesystem::rename(path("app/src/a.js.tmp"), path("app/src/a.js"));
  CHECK(report.line() == "launched");
  CHECK(contains(read("home/procvisor.log"), "restarting: src/a.js"));

  std::filesystem::remove(path("app/new/deep/b.js"));
  CHECK(report.line() == "launched");
  const auto log = read("home/procvisor.log");
  for (const char* ignored : {"tmp/x", "a.bak", "index", "gen1"})
    CHECK_MESSAGE(!contains(log, ignored), ignored);
}

TEST_CASE_FIXTURE(watch_fixture,
                  "watch in a file takes folders and files, with ext and ignoreWatch, and ignores the app's logs") {
  std::filesystem::create_directories(path("app/client/img"));
  write("ecosystem.json", R"([{"script": "app.sh", "cwd": "app", "watch": ["src", "client", "app.sh"], "ext": "js,.sh",
    "ignoreWatch": ["[\\/\\\\]\\./", "node_modules", "client/img"], "watch_delay": 20, "output": "src/out.js"}])");
  done({"start", "ecosystem.json"});
  CHECK(report.line() == "launched");
  CHECK(process("app").at("pm2_env").at("watch")
        == nlohmann::json{path("app/src"), path("app/client"), path("app/app.sh")});

  write("app/src/style.css", "x");
  write("app/client/img/x.js", "x");
  write("app/beside.js", "x");
  done({"reloadLogs"}); // which closes and opens src/out.js
  write("app/client/c.js", "x");
  CHECK(report.line() == "launched");
  CHECK(contains(read("home/procvisor.log"), "restarting: client/c.js changed"));
  write("app/app.sh", "echo changed > ../report; exec sleep 1000\n");
  CHECK(report.line() == "changed");
}

TEST_CASE_FIXTURE(watch_fixture,
                  "stop leaves the watch on, stop --watch ends it, restart --watch turns it on and off") {
  done(start());
  CHECK(report.line() == "launched");
  done({"stop", "app"});
  CHECK(status_of("app") == "stopped");
  ::poll(nullptr, 0, 600); // what changes within half a second of its end is taken for its own doing
  write("app/src/a.js", "2");
  CHECK(report.line() == "launched");

  done({"stop", "--watch", "app"});
  CHECK(process("app").at("pm2_env").at("watch") == false);
  done({"restart", "--watch", "app"}); // the word behind --watch is the target
  CHECK(report.line() == "launched");
  CHECK(process("app").at("pm2_env").at("watch") == true);
  write("app/src/a.js", "3");
  CHECK(report.line() == "launched");
  done({"restart", "app", "--watch"});
  CHECK(report.line() == "launched");
  CHECK(process("app").at("pm2_env").at("watch") == false);
  CHECK(contains(done({"list"}).out, "disabled"));
}

TEST_CASE_FIXTURE(watch_fixture, "a watch goes on when the daemon is killed, and is there again after resurrect") {
  done(start({"--watch", "src", "--watch-delay", "10"}));
  CHECK(report.line() == "launched");
  const pid_t before = pid_of("app");
  kill_role("daemon");
  REQUIRE(eventually([&] { return in_role("daemon").size() == 1; }));
  CHECK(pid_of("app") == before); // the new one answers, and so it watches
  write("app/src/a.js", "2");
  CHECK(report.line() == "launched");
  CHECK(process("app").at("pm2_env").at("watch") == nlohmann::json{path("app/src")});

  done({"save"});
  done({"kill"});
  done({"resurrect"});
  CHECK(report.line() == "launched");
  write("app/src/a.js", "3");
  CHECK(report.line() == "launched");
  CHECK(contains(read("home/procvisor.log"), "restarting: src/a.js changed"));
}

TEST_CASE_FIXTURE(watch_fixture,
                  "an app that writes into its own folder at each start is paused, and told which file it is") {
  write("app/app.sh", "echo x > data.json; echo launched > ../report; exec sleep 1000\n");
  done(start({"--watch", "--watch-delay", "10", "--kill-timeout", "100"}));

  REQUIRE(journal_has(
      "watch paused: it was restarted 5 times within 20 s for files that it seems to write itself: data.json"));
  for (int launches = 0; launches < 6; ++launches)
    CHECK(report.line() == "launched");
  CHECK(becomes("app", "online"));
  CHECK(restarts_of("app") == 5);
  CHECK(contains(done({"describe", "app"}).out, "data.json"));
  CHECK(contains(done({"list"}).out, "paused"));
}

TEST_CASE_FIXTURE(watch_fixture,
                  "a watched folder that is removed is said to be gone, and watched again when it is back") {
  done(start({"--watch", "src", "--watch-delay", "10"}));
  CHECK(report.line() == "launched");
  std::filesystem::remove_all(path("app/src"));
  CHECK(report.line() == "launched");
  REQUIRE(journal_has("app/src': it is gone, and is watched again as soon as it is back"));
  const auto restarted = run({"restart", "app"});
  CHECK(restarted.exit_code == 0);
  CHECK(contains(restarted.err, "watch of 'app': '" + path("app/src") + "': it is gone"));
  CHECK(report.line() == "launched");

  std::filesystem::create_directories(path("app/src"));
  CHECK(report.line() == "launched");
  REQUIRE(journal_has("watch: as it should be"));
  write("app/src/a.js", "2");
  CHECK(report.line() == "launched");
}

TEST_CASE_FIXTURE(watch_fixture, "links in a circle and a watched file are watched like anything else") {
  std::filesystem::create_directory_symlink("..", path("app/src/up"));
  std::filesystem::create_directory_symlink("self", path("app/self"));
  done(start({"--watch", "src", "--watch", "app.sh", "--watch-delay", "10"}));
  CHECK(report.line() == "launched");
  write("app/src/a.js", "2");
  CHECK(report.line() == "launched");
  write("app/new.sh", "echo renamed > ../report; exec sleep 1000\n");
  std::filesystem::rename(path("app/new.sh"), path("app/app.sh"));
  CHECK(report.line() == "renamed");
}

TEST_CASE_FIXTURE(watch_fixture, "an app in cluster mode is reloaded when a file changes") {
  if (!has_program("node")) {
    MESSAGE("left out: needs node");
    return;
  }
  write("app/app.js", "require('http').createServer((q, r) => r.end('x')).listen(0);\n"
                      "require('fs').writeFileSync('../report', 'launched\\n');\n");
  done({"start", "app.js", "--name", "web", "--cwd", "app", "-i", "1", "--watch", "src"});
  CHECK(report.line() == "launched");
  write("app/src/a.js", "2");
  CHECK(report.line() == "launched");
  CHECK(contains(read("home/procvisor.log"), "reloading: src/a.js changed"));
  CHECK(eventually([&] { return restarts_of("web") == 1; }));
}

TEST_CASE_FIXTURE(watch_fixture, "a daemon that watches files and has nothing to do does nothing") {
  for (int i = 0; i < 200; ++i) {
    std::filesystem::create_directories(path("app/lib" + std::to_string(i)));
    write("app/lib" + std::to_string(i) + "/x.js", "x");
  }
  done(start());
  CHECK(report.line() == "launched");
  const pid_t daemon = in_role("daemon").at(0);
  ::poll(nullptr, 0, 3000); // what the start has left to do
  const auto before = status_field(daemon, "voluntary_ctxt_switches");
  ::poll(nullptr, 0, 3000);
  CHECK(status_field(daemon, "voluntary_ctxt_switches") == before);
}

} // namespace e2e
