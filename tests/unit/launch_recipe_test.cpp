#include <doctest/doctest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/launch_recipe.hpp"

using namespace procvisor;

TEST_CASE("launch_recipe: the interpreter comes first, then its arguments, the script and the script's") {
  app_spec spec;
  spec.exec_path = "/srv/app.js";
  spec.args = {"--port", "80"};
  spec.interpreter = "node";
  spec.interpreter_path = "/usr/bin/node";
  spec.node_args = {"--harmony"};
  CHECK(launch_argv(spec) == std::vector<std::string>{"/usr/bin/node", "--harmony", "/srv/app.js", "--port", "80"});

  spec.interpreter = "none";
  spec.interpreter_path.clear();
  CHECK(launch_argv(spec) == std::vector<std::string>{"/srv/app.js", "--port", "80"});
}

TEST_CASE("launch_recipe: the app's environment wins over the caller's, and ours over both") {
  app_spec spec;
  spec.name = "web";
  spec.cwd = "/srv";
  spec.env = {{"A", "app"}, {"PM2_HOME", "forged"}};
  const environment caller{{"A", "caller"}, {"B", "caller"}, {"PWD", "/root"}};

  const auto env = launch_environment(spec, caller, {process_id{3}, generation{7}, 1, "/home/u/.procvisor"});

  const environment expected{{"A", "app"},
                             {"B", "caller"},
                             {"NODE_APP_INSTANCE", "1"},
                             {"PM2_HOME", "/home/u/.procvisor"},
                             {"PROCVISOR_HOME", "/home/u/.procvisor"},
                             {"PROCVISOR_INSTANCE", "/home/u/.procvisor:3:7"},
                             {"PWD", "/srv"},
                             {"name", "web"},
                             {"pm_id", "3"}};
  CHECK(env == expected);
}

TEST_CASE("launch_recipe: filter_env holds back the caller's variables and never the app's own") {
  app_spec spec;
  spec.env = {{"AWS_KEY", "own"}};
  const environment caller{{"AWS_KEY", "1"}, {"AWS_TOKEN", "2"}, {"MY_AWS", "3"}, {"HOME", "/root"}};
  const auto left = [&](environment_filter filter) {
    spec.filter_env = std::move(filter);
    std::string names;
    for (const auto& [name, value] : launch_environment(spec, caller, {}))
      if (caller.contains(name))
        names += name + "=" + value + " ";
    return names;
  };
  CHECK(left({}) == "AWS_KEY=own AWS_TOKEN=2 HOME=/root MY_AWS=3 ");
  CHECK(left({.everything = true, .name = {}, .parts = {}}) == "AWS_KEY=own ");
  CHECK(left({.everything = false, .name = "AWS_TOKEN", .parts = {}}) == "AWS_KEY=own HOME=/root MY_AWS=3 ");
  CHECK(left({.everything = false, .name = "AWS", .parts = {}}) == "AWS_KEY=own AWS_TOKEN=2 HOME=/root MY_AWS=3 ");
  CHECK(left({.everything = false, .name = {}, .parts = {"AWS", "X"}}) == "AWS_KEY=own HOME=/root ");
}

TEST_CASE("launch_recipe: increment_var counts up from the app's value, the caller's, or 0") {
  struct row {
    environment env;
    environment caller;
    int instance;
    const char* value;
  };
  const row rows[] = {
      {{{"PORT", "3000"}}, {{"PORT", "80"}}, 0, "3000"},
      {{{"PORT", "3000"}}, {}, 2, "3002"},
      {{}, {{"PORT", "80"}}, 1, "81"},
      {{}, {}, 3, "3"},
      {{}, {{"PORT", "many"}}, 3, "3"},
      {{}, {{"PORT", "9223372036854775807"}}, 1, "1"},
      {{{"PORT", "-1"}}, {}, 1, "0"},
  };
  for (const auto& [env, caller, instance, value] : rows) {
    app_spec spec;
    spec.env = env;
    spec.increment_var = "PORT";
    CHECK(launch_environment(spec, caller, {{}, {}, instance, {}}).at("PORT") == value);
  }
}

TEST_CASE("launch_recipe: holds what execve takes") {
  const launch_recipe recipe{{"/bin/x", "", "a b"}, {{"A", "1"}, {"EMPTY", ""}}};
  CHECK(std::string{recipe.path()} == "/bin/x");
  CHECK(std::string{recipe.argv()[0]} == "/bin/x");
  CHECK(std::string{recipe.argv()[1]}.empty());
  CHECK(std::string{recipe.argv()[2]} == "a b");
  CHECK(recipe.argv()[3] == nullptr);
  CHECK(std::string{recipe.envp()[0]} == "A=1");
  CHECK(std::string{recipe.envp()[1]} == "EMPTY=");
  CHECK(recipe.envp()[2] == nullptr);
}

TEST_CASE("launch_recipe: whose process it is stands in its variables, and another home's are not ours") {
  using namespace std::string_view_literals;
  struct row {
    std::string_view variables;
    std::optional<instance_mark> mark;
  };
  const instance_mark found{process_id{3}, generation{7}};
  for (const auto& [variables, mark] : std::initializer_list<row>{
           {"A=1\0PROCVISOR_INSTANCE=/home:3:7\0Z=2\0"sv, found},
           {"PROCVISOR_INSTANCE=/home:3:7"sv, found},
           {""sv, {}},
           {"A=1\0"sv, {}},
           {"PROCVISOR_INSTANCE=/home/b:3:7\0"sv, {}},
           {"PROCVISOR_INSTANCE=/hom:3:7\0"sv, {}},
           {"PROCVISOR_INSTANCE=/home:3\0"sv, {}},
           {"PROCVISOR_INSTANCE=/home:3:\0"sv, {}},
           {"PROCVISOR_INSTANCE=/home:3:7:8\0"sv, {}},
           {"PROCVISOR_INSTANCE=/home:-3:7\0"sv, {}},
           {"PROCVISOR_INSTANCE=/home:99999999999:7\0"sv, {}},
           {"A=PROCVISOR_INSTANCE=/home:3:7\0"sv, {}},
       }) {
    CAPTURE(variables);
    CHECK(read_mark(variables, "/home") == mark);
  }
}

TEST_CASE("launch_recipe: a process in cluster mode is a worker of Node's, with a number from 1") {
  app_spec spec;
  CHECK(!launch_environment(spec, {}, {process_id{3}, generation{7}, 1, "/h"}).contains("NODE_UNIQUE_ID"));
  spec.is_cluster = true;
  CHECK(launch_environment(spec, {}, {process_id{3}, generation{7}, 1, "/h"}).at("NODE_UNIQUE_ID") == "2");
}

TEST_CASE("launch recipe: a program that is handed sockets is told how many, their names and its own number") {
  app_spec spec;
  spec.exec_path = "/srv/app";
  const environment callers{{"LISTEN_FDS", "9"}, {"LISTEN_PID", "1"}, {"LISTEN_FDNAMES", "x"}};
  const launch_identity identity{process_id{3}, generation{7}, 0, "/h"};
  for (const auto& [name, value] : callers)
    CHECK_MESSAGE(!launch_environment(spec, callers, identity).contains(name), name);
  CHECK(recipe_for(spec, callers, identity).pid_text() == nullptr);
  CHECK(channel_descriptor(spec) == 3);

  spec.listen = {"127.0.0.1:80", "/run/x.sock"};
  const auto env = launch_environment(spec, callers, identity);
  CHECK(env.at("LISTEN_FDS") == "2");
  CHECK(env.at("LISTEN_FDNAMES") == "80:x.sock");
  const auto recipe = recipe_for(spec, callers, identity);
  REQUIRE(recipe.pid_text() != nullptr);
  CHECK(std::string_view{recipe.pid_text()}.size() + 1 == pid_bytes); // room for any number
  CHECK(std::string_view{recipe.pid_text() - 11}.starts_with("LISTEN_PID="));
  CHECK(channel_descriptor(spec) == 5);
}

TEST_CASE("launch recipe: with wait_ready or a watchdog each launch has a NOTIFY_SOCKET of its own") {
  app_spec spec;
  const launch_identity first{process_id{3}, generation{7}, 0, "/h"};
  CHECK(!launch_environment(spec, {}, first).contains("NOTIFY_SOCKET"));
  spec.wait_ready = true;
  CHECK(launch_environment(spec, {}, first).at("NOTIFY_SOCKET") == notify_address(first));
  spec.wait_ready = false;
  spec.watchdog = std::chrono::seconds{5};
  CHECK(launch_environment(spec, {}, first).at("NOTIFY_SOCKET") == notify_address(first));
  CHECK(launch_environment(spec, {}, first).at("WATCHDOG_USEC") == "5000000");
  CHECK(notify_address(first).starts_with("@"));
  CHECK(notify_address(first) != notify_address({process_id{3}, generation{8}, 0, "/h"}));
  CHECK(notify_address(first) != notify_address({process_id{3}, generation{7}, 0, "/other"}));
}

TEST_CASE("launch recipe: node, bun and whoever declares it get an IPC channel, and are told where it is") {
  app_spec spec;
  spec.exec_path = "/srv/app.js";
  CHECK(!has_channel(spec));
  for (const auto* interpreter : {"/usr/bin/node", "/opt/node-18/bin/nodejs", "/root/.bun/bin/bun"}) {
    spec.interpreter_path = interpreter;
    CHECK(has_channel(spec));
  }
  spec.interpreter_path = "/opt/node/bin/python3";
  CHECK(!has_channel(spec));
  CHECK(!launch_environment(spec, {}, {}).contains("NODE_CHANNEL_FD"));
  spec.wait_ready = true;
  CHECK(has_channel(spec));
  const auto env = launch_environment(spec, {}, {});
  CHECK(env.at("NODE_CHANNEL_FD") == "3");
  CHECK(env.at("NODE_CHANNEL_SERIALIZATION_MODE") == "json");
}
