#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "config/pm2_dump.hpp"
#include "unit/temp_dir.hpp"

using namespace procvisor;

namespace {

/// tests/unit/pm2/dump.pm2 was written by PM2 7.0.4; its folder is moved to one that exists here.
struct pm2_host {
  temp_dir dir;
  std::string dump;
  config::caller who{"/", "/usr/bin:/bin", "/root"};

  pm2_host() {
    std::ostringstream text;
    text << std::ifstream{PM2_DUMP}.rdbuf();
    dump = text.str();
    replace("/srv/shop", dir.path());
    replace("\"/usr/bin:/bin\"", "\"" + dir.path() + "\"");
    for (const char* name : {"web.js", "job.py"})
      std::ofstream{dir.path() + "/" + name} << "x";
    std::filesystem::create_directory(dir.path() + "/src");
    for (const char* name : {"node", "python3"}) {
      std::ofstream{dir.path() + "/" + name} << "#!/bin/sh\n";
      std::filesystem::permissions(dir.path() + "/" + name, std::filesystem::perms::owner_all);
    }
  }
  void replace(const std::string& what, const std::string& by) {
    for (size_t at = 0; (at = dump.find(what, at)) != std::string::npos; at += by.size())
      dump.replace(at, what.size(), by);
  }
  config::pm2_list read() const {
    auto list = config::read_pm2_dump(dump, "dump.pm2", who);
    REQUIRE_MESSAGE(list, list.error().what);
    return std::move(*list);
  }
};

std::string joined(const environment& variables) {
  std::string text;
  for (const auto& [name, value] : variables)
    text += name + "=" + value + "\n";
  return text;
}

bool says(const std::vector<std::string>& warnings, const std::string& line) {
  return std::find(warnings.begin(), warnings.end(), line) != warnings.end();
}

} // namespace

TEST_CASE_FIXTURE(pm2_host, "pm2_dump: what PM2 has written is read process by process") {
  const auto list = read();

  CHECK(list.left_out.empty());
  REQUIRE(list.state.processes.size() == 4);
  CHECK(list.state.next_id == 4);
  const auto& web = list.state.processes.at(process_id{0});
  CHECK(web.spec->name == "web");
  CHECK(web.spec->exec_path == dir.path() + "/web.js");
  CHECK(web.spec->cwd == dir.path());
  CHECK(web.spec->args == std::vector<std::string>{"--port", "8080", "two words"});
  CHECK(web.spec->interpreter == "node");
  CHECK(web.spec->node_args == std::vector<std::string>{"--max-old-space-size=64"});
  CHECK(web.spec->kill_timeout == std::chrono::milliseconds{3000});
  CHECK(web.spec->instances == 2);
  CHECK(web.spec->instances_given);
  CHECK(web.spec->out_file.empty()); // it was in PM2's own folder
  CHECK(web.state.phase == life_phase::online);
  CHECK(web.instance == 0);
  CHECK(list.state.processes.at(process_id{2}).instance == 1);

  const auto& job = *list.state.processes.at(process_id{1}).spec;
  CHECK(job.interpreter_path == dir.path() + "/python3");
  CHECK(job.name_space == "batch");
  CHECK_FALSE(job.autorestart);
  CHECK(job.restart_delay == std::chrono::milliseconds{500});
  CHECK(job.exp_backoff_restart_delay == std::chrono::milliseconds{100});
  CHECK(job.min_uptime == std::chrono::milliseconds{2000});
  CHECK(job.max_restarts == 5);
  CHECK(job.stop_exit_codes == std::vector<int>{0, 3});
  CHECK(job.out_file == dir.path() + "/job.out");
  CHECK(job.merge_logs == true);

  const auto& down = list.state.processes.at(process_id{3});
  CHECK(down.state.phase == life_phase::stopped);
  CHECK_FALSE(down.spec->treekill);
}

TEST_CASE_FIXTURE(pm2_host, "pm2_dump: an app's environment is the one it had, without what PM2 has added") {
  const auto list = read();
  const auto& web = list.state.processes.at(process_id{0});
  const environment expected{{"GREETING", "hello"}, {"HOME", "/home/ada"},  {"LANG", "C.UTF-8"},
                             {"PATH", dir.path()},  {"SHELL", "/bin/bash"}, {"USER", "ada"}};
  CHECK(joined(*web.caller) == joined(expected));
}

TEST_CASE_FIXTURE(pm2_host, "pm2_dump: each env_<name> comes along") {
  replace("\"km_link\": false", "\"km_link\": false, \"env_production\": {\"A\": \"2\"}");
  const auto list = read();
  CHECK(list.state.processes.at(process_id{0}).spec->named_envs.at("production") == environment{{"A", "2"}});
  CHECK(std::none_of(list.warnings.begin(), list.warnings.end(),
                     [](const std::string& line) { return line.find("env_production") != std::string::npos; }));
}

TEST_CASE_FIXTURE(pm2_host, "pm2_dump: what is not there is said once, with the apps that asked for it") {
  replace("\"km_link\": false", "\"km_link\": false, \"of_the_future\": 1");
  const auto warnings = read().warnings;

  CHECK(says(warnings, "'of_the_future' is nothing that procvisor knows, and ignored for: down, job, web"));
  const auto mentions = [&](const std::string& key) {
    return std::any_of(warnings.begin(), warnings.end(),
                       [&](const std::string& line) { return line.find(key) != std::string::npos; });
  };
  for (const char* silent :
       {"watch", "axm_", "unique_id", "GREETING", "windowsHide", "vizion", "pmx", "node_version", "NODE_APP_INSTANCE"})
    CHECK_MESSAGE(!mentions(silent), silent);
}

TEST_CASE_FIXTURE(pm2_host, "pm2_dump: an app that cannot run here is left out, the others are not") {
  std::filesystem::remove(dir.path() + "/job.py");
  const auto list = read();
  REQUIRE(list.left_out.size() == 1);
  CHECK(list.left_out.front().what.find("app 'job'") != std::string::npos);
  CHECK(list.left_out.front().what.find("no such script") != std::string::npos);
  CHECK(list.state.processes.size() == 3);
}

TEST_CASE("pm2_dump: a text that is none is an error") {
  const config::caller who{"/", "", "/"};
  CHECK_FALSE(config::is_pm2_dump("{}"));
  CHECK(config::is_pm2_dump(" \n[ ]"));
  for (const char* text : {"", "{}", "[1]", "[{}]", "[{\"name\": \"x\"}]", "[{\"name\": 1, \"pm_exec_path\": \"/x\"}]",
                           "[", "[{\"name\": \"x\", \"pm_exec_path\""})
    CHECK_MESSAGE(!config::read_pm2_dump(text, "dump.pm2", who), text);
  CHECK(config::read_pm2_dump("[]", "dump.pm2", who)->state.processes.empty());
}
