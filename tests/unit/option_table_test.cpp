#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <set>

#include <nlohmann/json.hpp>

#include "core/option_table.hpp"
#include "core/units.hpp"

using namespace procvisor;
using std::chrono::milliseconds;

namespace {

/// No member has its default value.
app_spec unusual_spec() {
  app_spec spec;
  spec.name = "web";
  spec.name_space = "shop";
  spec.exec_path = "/srv/app.js";
  spec.cwd = "/srv";
  spec.args = {"-d", "a b"};
  spec.interpreter = "node";
  spec.interpreter_path = "/usr/bin/node";
  spec.node_version = "20.1.0";
  spec.named_envs = {{"production", {{"A", "2"}}}, {"test", {}}};
  spec.node_args = {"--harmony"};
  spec.env = {{"A", "1"}, {"B", ""}};
  spec.uid = 1000;
  spec.gid = 0;
  spec.instances = 3;
  spec.instances_given = true;
  spec.is_cluster = true;
  spec.cluster_policy = cluster_policy::shared;
  spec.instance_var = "";
  spec.increment_var = "PORT";
  spec.filter_env = {.everything = false, .name = {}, .parts = {"AWS", "TOKEN"}};
  spec.out_file = "/o";
  spec.error_file = "/e";
  spec.log_file = {.wanted = true, .path = "/l"};
  spec.pid_file = "/p";
  spec.merge_logs = false;
  spec.disable_logs = true;
  spec.log_type = log_kind::json;
  spec.log_date_format = "HH:mm";
  spec.log_max_size = 0;
  spec.log_rotate_interval = rotate_interval::hour;
  spec.log_keep = 0;
  spec.log_compress = true;
  spec.log_max_total = uint64_t{1} << 40;
  spec.autorestart = false;
  spec.restart_policy = restart_choice::on_failure;
  spec.autostart = false;
  spec.min_uptime = milliseconds(0);
  spec.max_restarts = 0;
  spec.restart_delay = milliseconds(10);
  spec.exp_backoff_restart_delay = milliseconds(100);
  spec.stop_exit_codes = {0, 3};
  spec.max_memory_restart = uint64_t{300} << 20;
  spec.worker_interval = milliseconds(100);
  spec.watch = {.wanted = true, .paths = {"/srv/src", "/srv/a b"}};
  spec.ignore_watch = {"tmp", "[\\/\\\\]\\./"};
  spec.ext = {"js"};
  spec.watch_delay = milliseconds(0);
  spec.listen = {"[::]:80", "/run/x.sock"};
  spec.wait_ready = true;
  spec.listen_timeout = milliseconds(0);
  spec.ready_timeout_action = unready_action::kill;
  spec.watchdog = milliseconds(5000);
  spec.graceful_timeout = milliseconds(9000);
  spec.kill_timeout = milliseconds(5000);
  spec.kill_signal = {{SIGTERM, milliseconds(2000)}, {SIGQUIT}};
  spec.shutdown_with_message = true;
  spec.treekill = false;
  return spec;
}

} // namespace

TEST_CASE("option table: every spelling belongs to one row only") {
  std::set<std::string> seen;
  std::set<char> short_options;
  for (const auto& option : app_options()) {
    for (const auto& spelling : option_spellings(option)) {
      CHECK_MESSAGE(seen.insert(spelling).second, spelling);
    }
    for (const auto& spelling : negated_spellings(option)) {
      CHECK_MESSAGE(seen.insert(spelling).second, spelling);
    }
    if (option.short_option != 0)
      CHECK(short_options.insert(option.short_option).second);
  }
}

TEST_CASE("option table: a row that is built fills a member, and one that is not fills none") {
  for (const auto& option : app_options()) {
    const bool fills = !std::holds_alternative<std::monostate>(option.member);
    const bool works = option.state == standing::built || option.state == standing::resolved;
    CHECK_MESSAGE(fills == works, option.key);
    if (option.state == standing::built)
      CHECK_MESSAGE(!option.help.empty(), option.key);
  }
}

TEST_CASE("option table: keys, aliases and their camelCase find their row") {
  CHECK(find_option("max_memory_restart")->key == "max_memory_restart");
  CHECK(find_option("maxMemoryRestart")->key == "max_memory_restart");
  CHECK(find_option("interpreterArgs")->key == "node_args");
  CHECK(find_option("executeCommand")->key == "exec_mode");
  CHECK(find_option("windowsHide")->key == "windows_hide");
  CHECK(find_option("err_file")->key == "error_file");
  CHECK(find_option("interpreter_path") == nullptr); // nobody declares it
  CHECK(find_option("max-restarts") == nullptr);
  CHECK(option_of(&app_spec::exec_path).key == "script");
  CHECK(environment_name("env_production") == "production");
  CHECK(environment_name("environment").empty());
}

TEST_CASE("option table: the command line knows both spellings and the opposite of what is true by default") {
  using list = std::vector<std::string>;
  CHECK(option_spellings(*find_option("max_restarts")) == list{"--max-restarts", "--max_restarts"});
  CHECK(option_spellings(*find_option("name")) == list{"-n", "--name"});
  CHECK(option_spellings(*find_option("exec_mode"))
        == list{"-x", "--exec-mode", "--exec_mode", "--execute-command", "--execute_command"});
  CHECK(option_spellings(*find_option("env")).empty());
  CHECK(negated_spellings(*find_option("autorestart")) == list{"--no-autorestart", "--no_autorestart"});
  CHECK(negated_spellings(*find_option("pmx")) == list{"--no-pmx", "--no_pmx"});
  CHECK(negated_spellings(*find_option("merge_logs")).empty());
  CHECK(option_arity(*find_option("merge_logs")) == arity::none);
  CHECK(option_arity(*find_option("watch")) == arity::optional);
  CHECK(option_arity(*find_option("name")) == arity::one);
  CHECK(option_arity(*find_option("stop_exit_codes")) == arity::many);
}

TEST_CASE("option table: the defaults that it tells are those of a spec") {
  const app_spec defaults;
  for (const auto& option : app_options()) {
    if (const auto* flag = std::get_if<bool app_spec::*>(&option.member); flag && option.state == standing::built)
      CHECK_MESSAGE((defaults.*(*flag) ? "true" : "false") == option.default_text, option.key);
    if (const auto* time = std::get_if<milliseconds app_spec::*>(&option.member))
      CHECK_MESSAGE(parse_duration(option.default_text) == defaults.*(*time), option.key);
    if (std::holds_alternative<std::vector<stop_stage> app_spec::*>(option.member))
      CHECK_MESSAGE(parse_stop_stages(option.default_text) == defaults.kill_signal, option.key);
    if (const auto* number = std::get_if<int app_spec::*>(&option.member))
      CHECK_MESSAGE(parse_integer(option.default_text) == defaults.*(*number), option.key);
  }
}

TEST_CASE("option table: a spec comes back from the wire as it was") {
  auto default_log = unusual_spec();
  default_log.log_file.path.clear();
  for (const auto& spec : {app_spec{}, unusual_spec(), default_log}) {
    const auto back = spec_from_json(spec_to_json(spec));
    REQUIRE(back);
    CHECK(*back == spec);
  }
}

TEST_CASE("option table: each form of a watch comes back from the wire, and one that is off keeps its paths") {
  for (const auto& watch :
       {watch_choice{}, watch_choice{.wanted = true}, watch_choice{true, {"/a", "/b"}}, watch_choice{false, {"/a"}}}) {
    app_spec spec;
    spec.watch = watch;
    const auto back = spec_from_json(spec_to_json(spec));
    REQUIRE(back);
    CHECK(back->watch == watch);
  }
  CHECK_FALSE(spec_from_json({{"watch", 1}}));
  CHECK_FALSE(spec_from_json({{"watch", {{"on", true}}}}));
}

TEST_CASE("option table: each form of a filter comes back from the wire") {
  for (const auto& filter : {environment_filter{.everything = true, .name = {}, .parts = {}},
                             environment_filter{.everything = false, .name = "HOME", .parts = {}},
                             environment_filter{.everything = false, .name = {}, .parts = {"A", "B"}}}) {
    app_spec spec;
    spec.filter_env = filter;
    const auto back = spec_from_json(spec_to_json(spec));
    REQUIRE(back);
    CHECK(back->filter_env == filter);
  }
}

TEST_CASE("option table: a declaration has what is not the default, and nothing that nobody declares") {
  auto spec = unusual_spec();
  const auto all = declaration_to_json(spec);
  for (const auto* resolved :
       {"interpreter_path", "node_version", "named_envs", "instances_given", "cluster", "user_name", "version"})
    CHECK(!all.contains(resolved));
  CHECK(all["script"] == "/srv/app.js");
  CHECK(all["instances"] == 3);
  CHECK(all["env_production"] == nlohmann::json{{"A", "2"}});

  CHECK(declaration_to_json(app_spec{}).empty());
  spec = {};
  spec.instances_given = true;
  CHECK(declaration_to_json(spec) == nlohmann::json{{"instances", 1}}); // it decides about the names of log files
}

TEST_CASE("option table: the wire has every member that has not both its default and no content") {
  const auto wire = spec_to_json(unusual_spec());
  CHECK(wire.size() == 57);
  CHECK(wire["kill_timeout"] == 5000);
  CHECK(wire["kill_signal"] == "SIGTERM 2000, SIGQUIT");
  CHECK(spec_to_json(app_spec{}).contains("kill_timeout")); // another version may have another default
  CHECK(!spec_to_json(app_spec{}).contains("args"));
}

TEST_CASE("option table: a spec from the wire is checked") {
  CHECK(spec_from_json({{"of_a_newer_version", 1}}));
  const std::pair<const char*, nlohmann::json> rows[] = {
      {"name", 1},
      {"args", "a"},
      {"args", nlohmann::json::array({1})},
      {"env", {{"A", 1}}},
      {"named_envs", {{"production", 1}}},
      {"uid", -1},
      {"uid", 1ULL << 40},
      {"instances", 1.5},
      {"autostart", 1},
      {"kill_timeout", "1"},
      {"kill_signal", "SIGNONE"},
      {"merge_logs", "yes"},
      {"stop_exit_codes", 3},
      {"log_type", "xml"},
      {"log_file", 1},
      {"filter_env", 1},
      {"filter_env", nlohmann::json::array({1})},
  };
  for (const auto& [key, value] : rows) {
    const auto spec = spec_from_json({{key, value}});
    REQUIRE(!spec);
    CHECK(spec.error().what.find(key) != std::string::npos);
  }
  CHECK(!spec_from_json(nlohmann::json::array()));
}

TEST_CASE("option table: a thousand specs cross the wire in milliseconds") {
  const auto spec = unusual_spec();
  const auto start = std::chrono::steady_clock::now();

  auto wire = nlohmann::json::array();
  for (int i = 0; i < 1000; ++i)
    wire.push_back(spec_to_json(spec));
  const auto sent = std::chrono::steady_clock::now();
  size_t read = 0;
  for (const auto& item : wire)
    read += spec_from_json(item) ? 1U : 0U;
  const auto received = std::chrono::steady_clock::now();

  CHECK(read == 1000);
  MESSAGE("to json: " << (sent - start) / std::chrono::microseconds(1)
                      << " us, from json: " << (received - sent) / std::chrono::microseconds(1) << " us");
  CHECK(received - start < milliseconds(500)); // 5 ms is the aim; a machine with sanitizers and neighbours is slower
}
