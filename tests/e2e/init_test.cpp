// ecosystem, init and validate: a file of apps to begin with, and what is wrong with one.
#include <filesystem>

#include "home_fixture.hpp"

namespace e2e {

TEST_CASE_FIXTURE(home_fixture, "ecosystem and init write a sample that is a good file, and overwrite nothing") {
  struct row {
    words command;
    std::string file;
    bool is_simple;
  };
  write("app.js", "setInterval(() => {}, 1000);\n");
  for (const auto& [command, file, is_simple] : std::initializer_list<row>{
           {{"ecosystem"}, "ecosystem.json", false},
           {{"init"}, "ecosystem.config.js", false},
           {{"init", "--js"}, "ecosystem.config.js", false},
           {{"init", "--yaml"}, "ecosystem.yaml", false},
           {{"init", "--json"}, "ecosystem.json", false},
           {{"init", "simple"}, "ecosystem.config.js", true},
           {{"init", "simple", "--yaml"}, "ecosystem.yaml", true},
           {{"init", "--json", "simple"}, "ecosystem.json", true},
       }) {
    CAPTURE(file);
    if (!is_simple)
      write("web.js", "setInterval(() => {}, 1000);\n");
    CHECK(contains(done(command).err, "wrote " + path(file)));
    const auto sample = read(file);
    CHECK(contains(sample, "deploy") != is_simple);
    if (has_program("node") || file != "ecosystem.config.js")
      CHECK(contains(done({"validate", file}).err, is_simple ? ": 1 apps" : ": 2 apps"));

    write(file, "mine\n");
    const auto refused = run(command);
    CHECK(refused.exit_code == 2);
    CHECK(contains(refused.err, "is there already"));
    CHECK(read(file) == "mine\n");
    auto forced = command;
    forced.emplace_back("--force");
    done(forced);
    CHECK(read(file) == sample);
    std::filesystem::remove(path(file));
    std::filesystem::remove(path("web.js"));
  }
  CHECK(run({"init", "complicated"}).exit_code == 2);
  CHECK(run({"init", "--yaml", "--js"}).exit_code == 2);
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(home_fixture,
                  "validate says all that is wrong with files at once, with the places, and starts nothing") {
  program("idle");
  write("bad.json", "{apps: [\n"
                    "  {name: 'one', script: './idle', max_restart: 3},\n"
                    "  {name: 'two', script: './gone'},\n"
                    "  {name: 'three', script: './idle', kill_timeout: 'soon'},\n"
                    "], deploy: {production: {user: 'node', hots: 'server'}}}\n");
  write("good.yaml", "apps:\n  - script: ./idle\n    name: good\n");

  const auto found = run({"validate", "bad.json", "good.yaml"});

  CHECK(found.exit_code == 2);
  CHECK(contains(found.err, "bad.json:2:"));
  CHECK(contains(found.err, "max_restarts"));
  CHECK(contains(found.err, "bad.json:3:"));
  CHECK(contains(found.err, "bad.json:4:"));
  CHECK(contains(found.err, "bad.json:5:"));
  CHECK(contains(found.err, "'hots'"));
  CHECK(contains(found.err, "good.yaml: 1 apps, and nothing is wrong"));
  CHECK(found.out.empty());
  CHECK(living().empty());
}

TEST_CASE_FIXTURE(home_fixture,
                  "validate without a file takes the one that is here, and knows --env, --only and other names") {
  program("idle");
  CHECK(run({"validate"}).exit_code == 2);
  write("ecosystem.yaml", "apps:\n  - {script: ./idle, name: good, env_production: {A: b}}\n");
  done({"validate"});
  done({"validate", "--env", "production", "--only", "good"});
  CHECK(run({"validate", "--only", "nobody"}).exit_code == 2);
  CHECK(run({"validate", "idle"}).exit_code == 2);
  CHECK(run({"validate", "gone.json"}).exit_code == 2);
}

TEST_CASE_FIXTURE(home_fixture, "validate --schema prints a schema by which an editor knows the samples to be good") {
  const auto schema = nlohmann::json::parse(done({"validate", "--schema"}).out);
  CHECK(schema.at("definitions").at("app").at("properties").contains("maxRestarts"));
  const auto python = e2e::run({{"python3", "-c", "import jsonschema"}, env, folder(), {}});
  if (!has_program("python3") || python.exit_code != 0) {
    MESSAGE("left out: python3 has no jsonschema");
    return;
  }
  write("schema.json", schema.dump());
  const auto is_valid = [&](const std::string& text) {
    write("file.json", text);
    return e2e::run({{"python3", "-c",
                      "import json, jsonschema; jsonschema.validate(json.load(open('file.json')), "
                      "json.load(open('schema.json')))"},
                     env,
                     folder(),
                     {}})
               .exit_code
           == 0;
  };
  CHECK(is_valid(
      R"({"apps": [{"name": "a", "script": "x.js", "kill_timeout": "5s", "env": {"A": 1}, "env_x": {"B": "c"}}]})"));
  CHECK(is_valid(R"([{"script": "x.js", "maxRestarts": 3, "watch": ["src"]}])"));
  CHECK(is_valid(R"({"script": "x.js"})"));
  CHECK_FALSE(is_valid(R"({"apps": [{"script": "x.js", "max_restart": 3}]})"));
  CHECK_FALSE(is_valid(R"({"apps": [{"script": "x.js", "autorestart": "maybe"}]})"));
}

} // namespace e2e
