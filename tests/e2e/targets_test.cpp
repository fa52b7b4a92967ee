// What a command may name.
#include "home_fixture.hpp"

namespace e2e {

namespace {

/// Four apps: web-1 and web-2 in the namespace front, worker-1 and worker-2 in the namespace back.
struct four_apps : home_fixture {
  four_apps() {
    program("idle");
    write("ecosystem.json", R"([
      {"name": "web-1", "script": "./idle", "namespace": "front"},
      {"name": "web-2", "script": "./idle", "namespace": "front"},
      {"name": "worker-1", "script": "./idle", "namespace": "back"},
      {"name": "worker-2", "script": "./idle", "namespace": "back"}])");
    done({"start"});
  }

  /// The names of those that are stopped, with a space behind each. They are started again.
  std::string stopped() const {
    std::string names;
    for (const auto& row : processes())
      if (row.at("pm2_env").at("status") == "stopped")
        names += row.at("name").get<std::string>() + " ";
    done({"start", "all"});
    return names;
  }
};

} // namespace

TEST_CASE_FIXTURE(four_apps, "a target is a name, an id, a namespace, all, a regular expression, or a file") {
  done({"stop", "web-1"});
  CHECK(stopped() == "web-1 ");
  done({"stop", process("web-2").at("pm_id").dump()});
  CHECK(stopped() == "web-2 ");
  done({"stop", "back"});
  CHECK(stopped() == "worker-1 worker-2 ");
  done({"stop", "/-1$/"});
  CHECK(stopped() == "web-1 worker-1 ");
  done({"stop", "all"});
  CHECK(stopped() == "web-1 web-2 worker-1 worker-2 ");
  done({"stop", "ecosystem.json", "--only", "web-2"});
  CHECK(stopped() == "web-2 ");
  done({"stop"}); // the file of the folder
  CHECK(stopped() == "web-1 web-2 worker-1 worker-2 ");

  done({"delete", "ecosystem.json", "--only", "web-1,worker-1"});
  done({"stop", "ecosystem.json"}); // those that are there
  CHECK(stopped() == "web-2 worker-2 ");
  done({"delete", "ecosystem.json"});
  done({"delete", "ecosystem.json"}); // there are none, and that is what was asked for
  CHECK(run({"delete", "ecosystem.json", "--only", "nobody"}).exit_code == 2);
}

TEST_CASE_FIXTURE(four_apps, "several targets at once; one that is named twice is done once") {
  done({"stop", "web-1", "worker-2"});
  CHECK(stopped() == "web-1 worker-2 ");

  const int before = restarts_of("web-1");
  done({"restart", "web-1", "front", "/web/"});
  CHECK(restarts_of("web-1") == before + 1);
}

TEST_CASE_FIXTURE(four_apps, "an unknown target exits with 3, and with 6 beside one that is known") {
  const auto unknown = run({"stop", "no-such-app"});
  CHECK(unknown.exit_code == 3);
  CHECK(contains(unknown.err, "'no-such-app'"));
  CHECK(run({"stop", "99"}).exit_code == 3);
  CHECK(run({"restart", "/no-such/"}).exit_code == 3);
  CHECK(run({"describe", "no-such-app"}).exit_code == 3);
  CHECK(run({"delete", "no-such-app"}).exit_code == 3);
  CHECK(run({"logs", "no-such-app", "--nostream"}).exit_code == 3);

  CHECK(run({"stop", "web-1", "no-such-app"}).exit_code == 6);
  CHECK(stopped() == "web-1 ");
}

TEST_CASE_FIXTURE(four_apps, "a regular expression that is none is an error of usage") {
  CHECK(run({"stop", "/(/"}).exit_code == 2);
  CHECK(run({"stop", "/(?=web)/"}).exit_code == 2); // look-ahead
  CHECK(stopped().empty());
}

TEST_CASE_FIXTURE(four_apps, "an expression that is built to explode is answered at once") {
  CHECK(run({"stop", "/^(((w+)+)+)+$/"}).exit_code == 3);
  CHECK(run({"stop", "/(x{1000}){1000}/"}).exit_code == 2);
  CHECK(stopped().empty());
}

TEST_CASE_FIXTURE(four_apps, "ten thousand targets in one command") {
  words arguments{"stop", "web-1"};
  for (int i = 0; i < 10'000; ++i)
    arguments.push_back("app-" + std::to_string(i));

  const auto result = run(arguments);

  CHECK(result.exit_code == 6);
  CHECK(contains(result.err, "'app-9999'"));
  CHECK(stopped() == "web-1 ");
}

TEST_CASE_FIXTURE(four_apps, "restart of what has partly become impossible exits with 6") {
  write("broken", "#!/bin/sh\nexec sleep 1000\n", 0755);
  done({"start", "./broken"});
  write("broken", "#!/no/such/interpreter\n", 0755);

  CHECK(run({"restart", "all"}).exit_code == 6);

  CHECK(status_of("broken") == "errored");
  CHECK(status_of("web-1") == "online");
}

} // namespace e2e
