// The same file of apps under PM2 and here. PROCVISOR_PM2 is the program `pm2` (tools/fetch-peers installs it); without
// it these cases are skipped, and counted as skipped.
#include <cstdlib>
#include <filesystem>

#include "home_fixture.hpp"

namespace e2e {

namespace {

using nlohmann::json;

const bool has_no_pm2 = std::getenv("PROCVISOR_PM2") == nullptr;

/// A PM2 with a home of its own, which ends with the test.
class pm2 {
public:
  explicit pm2(const home_fixture& here) : folder_(here.folder()), env_(here.env) {
    env_["PM2_HOME"] = home();
    env_["PM2_DISCRETE_MODE"] = "true";
  }
  ~pm2() { CHECK(run({"kill"}).exit_code == 0); }
  pm2(const pm2&) = delete;
  pm2& operator=(const pm2&) = delete;

  std::string home() const { return folder_ + "/pm2"; }
  command_result run(words arguments) const {
    arguments.insert(arguments.begin(), std::getenv("PROCVISOR_PM2"));
    return e2e::run({std::move(arguments), env_, folder_, {}});
  }

private:
  std::string folder_;
  variables env_;
};

/// The text of a value, with either home as HOME.
std::string in_any_home(const json& value, const std::string& home) {
  std::string text = value.dump();
  for (size_t at = 0; (at = text.find(home, at)) != std::string::npos;)
    text.replace(at, home.size(), "HOME");
  return text;
}

const json& row_named(const json& list, const std::string& name) {
  for (const auto& row : list)
    if (row.at("name") == name)
      return row;
  FAIL("no row of ", name);
  return list;
}

/// What PM2 lists that is its own: variables of its client, what its agent inside of node measures.
bool is_pm2s_own(const std::string& key, const std::string& app) {
  return key == app || key.starts_with("PM2_") || key.starts_with("axm_") || key == "_tree_pids";
}

/// Of which the value has to be the same, and not the type alone.
constexpr std::array same_values{
    "name",
    "namespace",
    "args",
    "node_args",
    "status",
    "exec_mode",
    "instances",
    "instance_var",
    "merge_logs",
    "NODE_APP_INSTANCE",
    "autorestart",
    "autostart",
    "treekill",
    "restart_time",
    "pm_exec_path",
    "unstable_restarts",
    "kill_timeout",
    "restart_delay",
    "max_restarts",
    "username",
    "version",
    "pm_out_log_path",
    "pm_err_log_path",
    "pm_pid_path",
    "pm_cwd",
    "exec_interpreter",
    "pm_id",
    "FOO",
};

} // namespace

TEST_CASE_FIXTURE(home_fixture,
                  "jlist has every field that PM2's has, with the same type" * doctest::skip(has_no_pm2)) {
  write("app.js", "setInterval(() => {}, 1000);\n");
  write("job.sh", "exec sleep 1000\n");
  write("ecosystem.json", R"({"apps": [
    {"name": "web", "script": "app.js", "args": ["-a", "b c"], "node_args": "--harmony", "env": {"FOO": "bar"}, "env_production": {"FOO": 1},
     "max_restarts": 5, "kill_timeout": 2000, "restart_delay": 100},
    {"name": "job", "script": "job.sh", "instances": 1, "exec_mode": "fork"},
    {"name": "later", "script": "job.sh", "autostart": false}]})");
  const pm2 theirs{*this};
  REQUIRE(theirs.run({"start", "ecosystem.json"}).exit_code == 0);
  const auto their_list = json::parse(theirs.run({"jlist"}).out);
  done({"start", "ecosystem.json"});
  const auto our_list = processes();

  REQUIRE(our_list.size() == their_list.size());
  for (const auto& their_row : their_list) {
    const std::string app = their_row.at("name");
    const auto& our_row = row_named(our_list, app);
    CAPTURE(app);
    for (const auto& [key, value] : their_row.items()) {
      CAPTURE(key);
      REQUIRE(our_row.contains(key));
      CHECK(std::string{our_row.at(key).type_name()} == value.type_name());
    }
    const auto& our_env = our_row.at("pm2_env");
    for (const auto& [key, value] : their_row.at("pm2_env").items()) {
      if (is_pm2s_own(key, app))
        continue;
      CAPTURE(key);
      REQUIRE(our_env.contains(key));
      CHECK(std::string{our_env.at(key).type_name()} == value.type_name());
      if (std::find(same_values.begin(), same_values.end(), key) != same_values.end() && key != "pm_id")
        CHECK(in_any_home(our_env.at(key), home()) == in_any_home(value, theirs.home()));
    }
  }
}

} // namespace e2e
