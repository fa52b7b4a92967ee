#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

#include "config/load.hpp"
#include "config/write_apps.hpp"
#include "core/option_table.hpp"
#include "os/find_program.hpp"
#include "os/text_file.hpp"
#include "temp_folder.hpp"

using namespace procvisor;
using namespace procvisor::config;
using std::chrono::milliseconds;
using words = std::vector<std::string>;

namespace {

constexpr std::string_view program = "#!/bin/sh\n";

/// A folder with some scripts, and a PATH of its own with interpreters that nobody executes.
struct config_fixture {
  temp_folder folder;
  caller who{folder.path(), folder / "bin", folder / "home"};

  config_fixture() {
    for (const auto* name : {"node", "bash", "python3", "ruby", "bun", "tool"})
      folder.write(fmt::format("bin/{}", name), program, 0755);
    for (const auto* name : {"app.js", "b.js", "worker.py", "job.sh", "sub/c.js", "page.ts", "notes.txt", "x.php"})
      folder.write(name, "text");
    folder.write("native",
                 "\x7f"
                 "ELF",
                 0755);
    folder.write("shebang", program, 0755);
    folder.write("plain", "text", 0755);
    folder.write("not-executable", program);
  }

  file_request request(std::string_view text, std::string_view name = "e.json") {
    folder.write(name, text);
    return {.path = std::string(name), .who = who};
  }
  result<loaded> load(std::string_view text, std::string_view name = "e.json") {
    return load_file(request(text, name));
  }

  /// The only app of a file that is right.
  app_spec one(std::string_view text) {
    auto out = load(text);
    REQUIRE_MESSAGE(out, out.error().what);
    REQUIRE(out->apps.size() == 1);
    return out->apps.front();
  }

  std::string problems(const result<loaded>& out) {
    REQUIRE(!out);
    CHECK(out.error().code == exit_code::usage);
    return out.error().what;
  }
  std::string problems(std::string_view text, std::string_view name = "e.json") { return problems(load(text, name)); }

  result<loaded> run(std::string script, given_options options = {}, words args = {}) {
    return from_command_line({std::move(script), std::move(options), std::move(args), who});
  }
};

/// Whether a message suggests a spelling of this key: `maxrestarts` is nearer to maxRestarts than to max_restarts.
bool suggests(const std::string& told, std::string_view key) {
  for (const auto name : option_names())
    if (find_option(name) == find_option(key) && told.find(fmt::format("'{}'", name)) != std::string::npos)
      return true;
  return false;
}

/// The kinds of values that may be right: b(oolean), n(umber), f(raction), t(ext), l(ist), o(bject).
std::string_view kinds_of(value_type type) {
  switch (type) {
    case value_type::boolean:
      return "b";
    case value_type::integer:
      return "n";
    case value_type::integers:
      return "nl";
    case value_type::duration:
    case value_type::count:
    case value_type::bytes:
      return "n";
    case value_type::text:
    case value_type::user:
    case value_type::group:
      return "nt";
    case value_type::words:
      return "ntl";
    case value_type::stop_stages:
      return "nl";
    case value_type::variables:
      return "to";
    case value_type::boolean_or_text:
      return "bt";
    case value_type::watched_paths:
    case value_type::variable_filter:
      return "btl";
    case value_type::mode:
      return "b";
    case value_type::interval:
    case value_type::log_lines:
    case value_type::policy:
    case value_type::choice:
    case value_type::unready:
    case value_type::cron_times:
      return "";
    case value_type::zone:
      return "t";
    case value_type::object:
      return "o";
  }
  return "";
}

words names(const loaded& out) {
  words all;
  for (const auto& app : out.apps)
    all.push_back(app.name);
  return all;
}

} // namespace

TEST_CASE_FIXTURE(config_fixture, "config: the stop signals are a text or a list") {
  using stages = std::vector<stop_stage>;
  CHECK(one("{script: 'app.js'}").kill_signal == stages{{SIGINT}});
  CHECK(one("{script: 'app.js', kill_signal: 'SIGTERM'}").kill_signal == stages{{SIGTERM}});
  CHECK(one("{script: 'app.js', kill_signal: 15}").kill_signal == stages{{SIGTERM}});
  const stages two{{SIGINT, milliseconds(10'000)}, {SIGTERM, milliseconds(20'000)}};
  CHECK(one("{script: 'app.js', kill_signal: 'SIGINT 10s, SIGTERM 20s'}").kill_signal == two);
  CHECK(one("{script: 'app.js', killSignal: ['SIGINT 10s', 'SIGTERM 20s']}").kill_signal == two);
}

TEST_CASE_FIXTURE(config_fixture, "config: the caller's defaults count for apps that do not say otherwise") {
  who.defaults = {{"kill_timeout", {"5s"}}, {"kill_signal", {"SIGTERM"}}};
  const auto silent = one("{script: 'app.js'}");
  CHECK(silent.kill_timeout == milliseconds(5000));
  CHECK(silent.kill_signal == std::vector<stop_stage>{{SIGTERM}});
  const auto own = one("{script: 'app.js', kill_timeout: 1600, kill_signal: 'SIGINT'}");
  CHECK(own.kill_timeout == milliseconds(1600));
  CHECK(own.kill_signal == std::vector<stop_stage>{{SIGINT}});
}

TEST_CASE_FIXTURE(config_fixture, "config: a file gives resolved apps") {
  const auto out = load(R"({
    // as PM2 users write them
    apps: [{
      name: 'web', script: 'app.js', args: "--a 'b c'", node_args: '--harmony', instances: '2', exec_mode: 'fork',
      cwd: './', env: {A: 1, B: true, C: {z: 1, a: [2]}, D: null, E: 1.5}, env_production: {A: 'prod'},
      min_uptime: '10s', max_restarts: "3", kill_timeout: 3000, out_file: 'logs/o.log', error_file: '~/e.log',
      pid_file: 'NULL', stop_exit_codes: 0, merge_logs: true, port: 4200
    }, {script: './worker.py', cwd: '.', autorestart: false}]
  })");

  REQUIRE_MESSAGE(out, out.error().what);
  REQUIRE(out->apps.size() == 2);
  CHECK(out->warnings.empty());
  const auto& web = out->apps[0];
  CHECK(web.name == "web");
  CHECK(web.name_space == "default");
  CHECK(web.exec_path == folder / "app.js");
  CHECK(web.cwd == folder.path());
  CHECK(web.args == words{"--a", "b c"});
  CHECK(web.node_args == words{"--harmony"});
  CHECK(web.interpreter == "node");
  CHECK(web.interpreter_path == folder / "bin/node");
  CHECK(web.instances == 2);
  CHECK(web.instances_given);
  CHECK(web.env
        == environment{
            {"A", "1"}, {"B", "true"}, {"C", R"({"z":1,"a":[2]})"}, {"D", "null"}, {"E", "1.5"}, {"PORT", "4200"}});
  CHECK(web.min_uptime == milliseconds(10'000));
  CHECK(web.max_restarts == 3);
  CHECK(web.kill_timeout == milliseconds(3000));
  CHECK(web.out_file == folder / "logs/o.log");
  CHECK(web.error_file == folder / "home/e.log");
  CHECK(web.pid_file == "/dev/null");
  CHECK(web.stop_exit_codes == std::vector{0});
  CHECK(web.merge_logs == true);
  const auto& worker = out->apps[1];
  CHECK(worker.name == "worker");
  CHECK(worker.exec_path == folder / "worker.py");
  CHECK(worker.interpreter == "python3"); // there is no python
  CHECK(worker.env == environment{{"PYTHONUNBUFFERED", "1"}});
  CHECK(!worker.autorestart);
  CHECK(!worker.instances_given);
}

TEST_CASE_FIXTURE(config_fixture, "config: where logs go, and how their lines look") {
  const auto plain = one("{script: 'app.js'}");
  CHECK(!plain.log_file.wanted);
  CHECK(plain.log_type == log_kind::raw);
  CHECK(plain.log_date_format.empty());
  CHECK(one("{script: 'app.js', log: false}").log_file == combined_log{});
  CHECK(one("{script: 'app.js', log_file: true}").log_file == combined_log{.wanted = true});
  CHECK(one("{script: 'app.js', log: 'logs/all.log'}").log_file
        == combined_log{.wanted = true, .path = folder / "logs/all.log"});
  CHECK(one("{script: 'app.js', log_file: '~/all.log'}").log_file.path == folder / "home/all.log");
  CHECK(one("{script: 'app.js', log_type: 'json'}").log_type == log_kind::json);
  CHECK(one("{script: 'app.js', logDateFormat: 'HH:mm Z'}").log_date_format == "HH:mm Z");
  CHECK(one("{script: 'app.js', log_date_format: 'HH:mm Z', time: true}").log_date_format == "YYYY-MM-DDTHH:mm:ss");
  CHECK(one("{script: 'app.js', log_date_format: 'HH:mm Z', time: false}").log_date_format == "HH:mm Z");
}

TEST_CASE_FIXTURE(config_fixture, "config: JSON, YAML and standard input in all shapes give the same app") {
  const auto expected = one("{apps: [{name: 'web', script: 'app.js'}]}");
  for (const auto* text : {"{apps: {name: 'web', script: 'app.js'}}", "[{name: 'web', script: 'app.js'}]",
                           "{name: 'web', script: 'app.js'}", "{pm2: [{name: 'web', script: 'app.js'}]}",
                           "{pm2: {apps: [{name: 'web', exec: 'app.js'}]}}",
                           "{apps: [{name: 'web', cmd: 'app.js'}], deploy: {}, $schema: 'x'}"})
    CHECK(one(text) == expected);
  const auto yaml = load("apps:\n  - name: web\n    script: app.js\n", "e.yml");
  REQUIRE(yaml);
  CHECK(yaml->apps.front() == expected);
  const auto package =
      load(R"({"name": "x", "version": "1", "pm2": {"name": "web", "script": "app.js"}})", "package.json");
  REQUIRE(package);
  auto versioned = expected; // the package.json lies beside the script now
  versioned.version = "1";
  CHECK(package->apps.front() == versioned);
  const auto stdin_apps = load_file({.path = "-", .stdin_text = "{name: 'web', script: 'app.js'}", .who = who});
  REQUIRE(stdin_apps);
  CHECK(stdin_apps->apps.front() == versioned);
}

TEST_CASE_FIXTURE(config_fixture, "config: a module is evaluated by node, whatever it prints") {
  const char* search_path = std::getenv("PATH");
  REQUIRE(search_path != nullptr);
  if (!os::find_program("node", search_path, "/"))
    return; // node is no part of a build
  who.search_path = search_path;
  for (const auto* name : {"e.config.js", "e.config.cjs"}) {
    const auto out = load("console.log('hello'); module.exports = {apps: [{name: 'w' + 1, script: 'app.js'}]};\n"
                          "setInterval(() => {}, 1000);",
                          name);
    REQUIRE_MESSAGE(out, out.error().what);
    CHECK(names(*out) == words{"w1"});
  }
  const auto module = load("export default {apps: [{name: 'm', script: 'app.js'}]};", "e.config.mjs");
  REQUIRE_MESSAGE(module, module.error().what);
  CHECK(names(*module) == words{"m"});
  CHECK(problems("throw new Error('no luck');", "e.config.js").find("no luck") != std::string::npos);
  CHECK(problems("module.exports = {apps: [{name: 'm', script: 'app.js', wach: true}]}", "e.config.js")
        == "e.config.js: apps[0]: unknown key 'wach': did you mean 'watch'?");
}

TEST_CASE_FIXTURE(config_fixture, "config: without node a module is a clear error") {
  who.search_path = folder.path();
  CHECK(problems("module.exports = {}", "e.config.js")
        == "e.config.js: needs node to be evaluated, and there is none in PATH");
}

TEST_CASE_FIXTURE(config_fixture, "config: a file that cannot be read says why") {
  folder.write("empty.json", "");
  folder.write("broken.json", "{apps: [");
  folder.write("broken.yaml", "apps: [\nb: 1");
  folder.write("cycle.yaml", "&a [*a]");
  folder.write("folder.json/x", "");
  folder.write("huge.json", "");
  REQUIRE(::truncate((folder / "huge.json").c_str(), 100 << 20) == 0);
  struct row {
    const char* path;
    const char* problem;
  };
  const row rows[] = {
      {"none.json", "none.json: no such file"},
      {"empty.json", "empty.json: is empty"},
      {"broken.json", "broken.json:1:9: the file ends too early"},
      {"broken.yaml", "broken.yaml:2:1: end of sequence flow not found"},
      {"cycle.yaml", "cycle.yaml:1:5: this alias is inside of what it stands for"},
      {"folder.json", "folder.json: is a folder, not a file"},
      {"huge.json", "huge.json: is larger than 16 MiB: that is no file of apps"},
      {"-", "standard input: is empty"},
  };
  for (const auto& [path, problem] : rows)
    CHECK(problems(load_file({.path = path, .who = who})) == problem);
}

TEST_CASE_FIXTURE(config_fixture, "config: a bad value is one clear message with its place") {
  struct row {
    const char* text;
    std::string problem;
  };
  const row rows[] = {
      {"{}", "e.json: has no apps"},
      {"{apps: []}", "e.json: has no apps"},
      {"{deploy: {}}", "e.json: has no apps"},
      {"5", "e.json:1:1: expected a list of apps, not '5'"},
      {"{apps: [1]}", "e.json:1:9: an app must be an object, not '1'"},
      {"{app: [{script: 'app.js'}]}", "e.json:1:2: unknown key 'app' outside of the apps: did you mean 'apps'?"},
      {"{apps: [{script: 'app.js'}], static: [3]}", "e.json:1:39: a static site must be an object, not '3'"},
      {"{name: 'x'}", "e.json:1:1: 'script' is missing: what shall the app run?"},
      {"{script: ['app.js']}", "e.json:1:10: 'script' must be a text, not a list"},
      {"{script: 'app.js', name: []}", "e.json:1:26: 'name' must be a text, not a list"},
      {"{script: 'job.sh', exec_mode: 'cluster'}",
       "e.json:1:20: 'exec_mode': cluster mode is that of node, which does not run '" + (folder / "job.sh")
           + "': set it to fork"},
      {"{script: 'app.js', exec_mode: 'cluster', listen: ':80'}",
       "e.json:1:42: 'listen' is for fork mode: in cluster mode procvisor opens what the processes listen on"},
      {"{script: 'app.js', listen: ['localhost:80']}",
       "e.json:1:20: 'listen': 'localhost:80': a number is wanted, not a name: address:port, [IPv6 address]:port, "
       ":port or the path of a socket"},
      {"{script: 'app.js', listen: [':80', ':80']}", "e.json:1:20: 'listen': ':80': it stands there twice"},
      {"{script: 'app.js', cluster_policy: 'sticky'}",
       "e.json:1:36: 'cluster_policy' must be round_robin or shared, not 'sticky'"},
      {"{script: 'none.js'}",
       "e.json:1:2: no such script: '" + (folder / "none.js") + "', nor a program 'none.js' in PATH"},
      {"{script: 'app.js', name: 'a/b'}", "e.json:1:20: the name 'a/b' contains '/'"},
      {"{script: 'app.js', name: 'a\\nb'}", "e.json:1:20: the name 'a\\x0ab' contains a control character"},
      {"{script: 'app.js', name: ''}", "e.json:1:20: the name '' is empty"},
      {"{script: 'app.js', name: 'all'}", "e.json:1:20: the name 'all' means every app on a command line"},
      {"{script: 'app.js', namespace: '-x'}", "e.json:1:20: the namespace '-x' starts with '-', like an option"},
      {"{script: 'app.js', instances: 'many'}",
       "e.json:1:31: 'instances' must be a number up to 10000, or max, not 'many'"},
      {"{script: 'app.js', instances: 10001}",
       "e.json:1:31: 'instances' must be a number up to 10000, or max, not 10001"},
      {"{script: 'app.js', exec_mode: 'forked'}", "e.json:1:31: 'exec_mode' must be fork or cluster, not 'forked'"},
      {"{script: 'app.js', cwd: 'gone'}", "e.json:1:20: 'cwd': no such folder: '" + (folder / "gone") + "'"},
      {"{script: 'app.js', watch: 1}", "e.json:1:27: 'watch' must be true, false, a path, or a list of paths, not 1"},
      {"{script: 'app.js', watch: ['.', 'gone']}",
       "e.json:1:20: 'watch': no such file or folder: '" + (folder / "gone") + "'"},
      {"{script: 'app.js', ignore_watch: ['tmp', '(a']}",
       "e.json:1:20: 'ignore_watch': '(a' is no regular expression of RE2's: missing ): (a"},
      {"{script: 'app.js', ignore_watch: ['(?=x)y']}",
       "e.json:1:20: 'ignore_watch': '(?=x)y' is no regular expression of RE2's: invalid perl operator: (?="},
      {"{script: 'app.js', ignore_watch: ['']}",
       "e.json:1:20: 'ignore_watch': '' means everything: nothing would be watched"},
      {"{script: 'app.js', watch_delay: -1}",
       "e.json:1:33: 'watch_delay' must be milliseconds, or a number with s, m or h, such as 10s, not -1"},
      {"{script: 'app.js', max_memory_restart: -1}",
       "e.json:1:40: 'max_memory_restart' must be a number of bytes, or one with K, M or G, such as 300M; 0: no limit, "
       "not -1"},
      {"{script: 'app.js', max_memory_restart: '300MB'}",
       "e.json:1:40: 'max_memory_restart' must be a number of bytes, or one with K, M or G, such as 300M; 0: no limit, "
       "not '300MB'"},
      {"{script: 'app.js', max_memory_restart: '99999999999G'}",
       "e.json:1:40: 'max_memory_restart' must be a number of bytes, or one with K, M or G, such as 300M; 0: no limit, "
       "not '99999999999G'"},
      {"{script: 'app.js', cron: '* 24 * * *'}", "e.json:1:26: 'cron' must be cron's five or six fields, such as '0 3 "
                                                 "* * *', or 0, not '* 24 * * *': hour: 24 is "
                                                 "not between 0 and 23"},
      {"{script: 'app.js', cron: 5}",
       "e.json:1:26: 'cron' must be cron's five or six fields, such as '0 3 * * *', or 0, not 5"},
      {"{script: 'app.js', cron_timezone: 'Europe/Berlim'}",
       "e.json:1:35: 'cron_timezone' names a time zone that does not exist: 'Europe/Berlim'; did you mean "
       "'Europe/Berlin'?"},
      {"{script: 'app.js', min_uptime: 50}",
       "e.json:1:32: 'min_uptime' must be milliseconds from 100, or a number with s, m or h, such as 10s, not 50"},
      {"{script: 'app.js', kill_timeout: '5 s'}",
       "e.json:1:34: 'kill_timeout' must be milliseconds, or a number with s, m or h, such as 10s, not '5 s'"},
      {"{script: 'app.js', kill_signal: 'SIGNONE'}",
       "e.json:1:33: 'kill_signal' must be a signal such as SIGTERM, or several with times between them: "
       "SIGINT 10s, SIGTERM 20s, not 'SIGNONE'"},
      {"{script: 'app.js', log_type: 'xml'}", "e.json:1:30: 'log_type' must be raw or json, not 'xml'"},
      {"{script: 'app.js', log_file: 1}", "e.json:1:30: 'log_file' must be true, false or a path, not 1"},
      {"{script: 'app.js', time: 'yes'}", "e.json:1:26: 'time' must be true or false, not 'yes'"},
      {"{script: 'app.js', autorestart: 'true'}", "e.json:1:33: 'autorestart' must be true or false, not 'true'"},
      {"{script: 'app.js', args: \"it's\"}", "e.json:1:26: 'args' has a quote that is not closed: 'it's'"},
      {"{script: 'app.js', args: ['a\\0']}", "e.json:1:26: 'args' contains a NUL character"},
      {"{script: 'app.js', env: 'A'}", "e.json:1:25: 'env' has a word without '=': 'A'"},
      {"{script: 'app.js', env_x: {'A=B': 1}}", "e.json:1:27: 'env_x' has a variable with an impossible name: 'A=B'"},
      {"{script: 'app.js', env_: {}}", "e.json:1:20: unknown key 'env_': did you mean 'env'?"},
      {"{script: 'app.js', exec: 'b.js'}", "e.json:1:20: 'exec' is 'script', which is given twice"},
      {"{script: 'app.js', uid: 'nobody-of-this-name'}",
       "e.json:1:25: 'uid' names a user that does not exist: 'nobody-of-this-name'"},
      {"{script: 'app.js', uid: 4000000}", "e.json:1:20: user 4000000 has no entry that names its group: set 'gid'"},
      {"{script: 'app.js', interpreter: 'nix'}", "e.json:1:20: the interpreter 'nix' is not in PATH"},
      {"{script: 'app.js', interpreter: './nix'}", "e.json:1:20: the interpreter './nix' is not an executable file"},
      {"{script: 'x.php'}", "e.json:1:2: the interpreter 'php' is not in PATH"},
      {"{script: 'app.js', instance_var: ''}", "e.json:1:20: 'instance_var' is no name of a variable: ''"},
      {"{script: 'app.js', increment_var: 'A=B'}", "e.json:1:20: 'increment_var' is no name of a variable: 'A=B'"},
      {"{script: 'app.js', env: {P: 'x'}, increment_var: 'P'}",
       "e.json:1:35: 'increment_var' counts up from 'P' in env, which must be a whole number, not 'x'"},
      {"{script: './sub'}", "e.json:1:2: the script is a folder: '" + (folder / "sub") + "'"},
  };
  for (const auto& [text, problem] : rows)
    CHECK(problems(text) == problem);
}

TEST_CASE_FIXTURE(config_fixture, "config: all problems of a file are told together, in its order") {
  CHECK(
      problems("{apps: [\n"
               " {name: 'a', script: 'gone.js', max_restart: 1},\n"
               " {name: 'a', script: 'app.js', kill_timeout: 'long'},\n"
               " {name: 'c', script: 'app.js'}]}")
      == "e.json:2:14: no such script: '" + (folder / "gone.js")
             + "', nor a program 'gone.js' in PATH\n"
               "e.json:2:33: unknown key 'max_restart': did you mean 'max_restarts'?\n"
               "e.json:3:3: two apps are named 'a', the other one in line 2\n"
               "e.json:3:46: 'kill_timeout' must be milliseconds, or a number with s, m or h, such as 10s, not 'long'");
}

TEST_CASE_FIXTURE(config_fixture, "config: a flood of problems is cut") {
  std::string text = "{apps: [";
  for (int i = 0; i < 100; ++i)
    text += fmt::format("{{script: 'app.js', name: 'a{}', wach: 1}},\n", i);
  const auto told = problems(text + "]}");
  CHECK(std::count(told.begin(), told.end(), '\n') == 50);
  CHECK(told.ends_with("e.json: and 50 more problems"));
}

TEST_CASE_FIXTURE(config_fixture, "config: each key misspelt by one letter is reported with the right suggestion") {
  for (const auto key : option_names()) {
    std::vector<std::string> misspelt;
    for (size_t i = 0; i < key.size(); ++i) {
      const std::string before(key.substr(0, i));
      const std::string after(key.substr(i + 1));
      misspelt.push_back(before + after);                   // left out
      misspelt.push_back(before + "q" + after);             // another one
      misspelt.push_back(before + key[i] + key[i] + after); // doubled
      if (!after.empty())
        misspelt.push_back(before + after[0] + key[i] + after.substr(1)); // swapped
    }
    for (const auto& word : misspelt) {
      if (word.empty() || find_option(word) != nullptr)
        continue; // uid and gid are one letter apart
      const auto told = problems(fmt::format("{{script: 'app.js', {}: 1}}", word));
      CHECK_MESSAGE(suggests(told, key), word << ": " << told);
      CHECK_MESSAGE(told.find(fmt::format("e.json:1:20: unknown key '{}'", word)) != std::string::npos, word);
    }
  }
}

TEST_CASE_FIXTURE(config_fixture, "config: each key with a value of a wrong type is refused by name") {
  const std::pair<char, const char*> values[] = {{'b', "true"}, {'n', "5"},    {'f', "1.5"},
                                                 {'t', "'x'"},  {'l', "[[]]"}, {'o', "{a: 1}"}};
  for (const auto& option : app_options()) {
    if (option.state != standing::built)
      continue;
    for (const auto& [kind, value] : values) {
      if (kinds_of(option.type).find(kind) != std::string_view::npos)
        continue;
      const auto told = problems(fmt::format("{{apps: [{{{}: {}}}]}}", option.key, value));
      CHECK_MESSAGE(told.find(fmt::format("'{}' must be {}", option.key, expected_form(option))) != std::string::npos,
                    option.key << ": " << told);
    }
  }
}

TEST_CASE_FIXTURE(config_fixture,
                  "config: each key out of its range, or with a unit that it has not, is refused by name") {
  const auto refuses = [&](const app_option& option, const std::string& value) {
    const auto in_file = problems(fmt::format("{{apps: [{{script: 'app.js', {}: {}}}]}}", option.key, value));
    CHECK_MESSAGE(in_file.find(fmt::format("'{}' must be {}", option.key, expected_form(option))) != std::string::npos,
                  option.key << ": " << in_file);
    if (option.file_only)
      return;
    auto word = value;
    std::erase(word, '\'');
    const auto as_option = problems(run("app.js", {{std::string(option.key), {word}}}));
    CHECK_MESSAGE(as_option.find(expected_form(option)) != std::string::npos, option.key << ": " << as_option);
  };
  const auto has_range = [](value_type type) {
    return type == value_type::integer || type == value_type::integers || type == value_type::count
           || type == value_type::duration;
  };
  for (const auto& option : app_options()) {
    if (option.state != standing::built)
      continue;
    if (has_range(option.type)) {
      refuses(option, fmt::format("{}", option.min - 1));
      refuses(option, fmt::format("{}", option.max + 1));
      for (const auto* value : {"'5x'", "'5 s'", "'-'", "1.5"})
        refuses(option, value);
      if (option.type != value_type::integers) // there it is a list of none
        refuses(option, "''");
    }
    if (option.type == value_type::integer || option.type == value_type::integers || option.type == value_type::count)
      refuses(option, "'5s'");
    if (option.type == value_type::duration)
      for (const auto* value : {"'5K'", "'s'", "'1d'", "'99999h'"})
        refuses(option, value);
    if (option.type == value_type::boolean)
      for (const auto* value : {"'yes'", "'1'"})
        refuses(option, value);
  }
}

TEST_CASE_FIXTURE(config_fixture, "config: keys that are PM2's own do nothing, and one warning lists them") {
  const auto out =
      load("{apps: [{script: 'app.js', pmx: false, windowsHide: true}, {script: 'b.js', pmx: 1, v8: {}}]}");
  REQUIRE(out);
  CHECK(out->warnings == words{"known to PM2 and without effect here: pmx, windows_hide, v8"});
}

TEST_CASE_FIXTURE(config_fixture, "config: --env merges env_<name> over env, and says where there is none") {
  auto asked = request("{apps: [{name: 'a', script: 'app.js', env: 'A=1 B=\"x y\"', env_production: {A: 2}},"
                       "{name: 'b', script: 'b.js', env: {A: 1}, append_env_to_name: true, name_prefix: 'p'}]}");
  asked.env_name = "production";
  const auto out = load_file(asked);
  REQUIRE_MESSAGE(out, out.error().what);
  CHECK(out->apps[0].env == environment{{"A", "2"}, {"B", "x y"}});
  CHECK(out->apps[1].env == environment{{"A", "1"}});
  CHECK(out->apps[1].name == "p:b-production");
  CHECK(out->warnings == words{"no env_production for p:b-production: only env is used"});
}

TEST_CASE_FIXTURE(config_fixture, "config: every env_<name> is kept, to be looked at") {
  const auto app = one("{script: 'app.js', env_production: {A: 1}, env_test: 'B=2', env_none: null}");
  CHECK(app.named_envs == std::map<std::string, environment>{{"production", {{"A", "1"}}}, {"test", {{"B", "2"}}}});
  CHECK(app.env.empty());
}

TEST_CASE_FIXTURE(config_fixture, "config: node is asked for its version once, and nobody else is") {
  folder.write("bin/node", "#!/bin/sh\necho asked >> \"$0.log\"; echo v20.1.0\n", 0755);
  const auto out = load("[{script: 'app.js'}, {script: 'b.js'}, {script: 'job.sh'}]");
  REQUIRE_MESSAGE(out, out.error().what);
  CHECK(out->apps[0].node_version == "20.1.0");
  CHECK(out->apps[1].node_version == "20.1.0");
  CHECK(out->apps[2].node_version.empty());
  CHECK(os::read_text_file(folder / "bin/node.log", 100) == "asked\n");

  folder.write("bin/node", "#!/bin/sh\necho v20.1.0; exit 1\n", 0755);
  CHECK(one("{script: 'app.js'}").node_version.empty());
}

TEST_CASE_FIXTURE(config_fixture, "config: a number may be written as a text, a truth may not") {
  const auto app = one("{script: 'job.sh', instances: '4', max_restarts: '5', kill_timeout: '2000', port: '80'}");
  CHECK(app.instances == 4);
  CHECK(app.max_restarts == 5);
  CHECK(app.kill_timeout == milliseconds(2000));
  CHECK(app.env.at("PORT") == "80");
  CHECK(problems("{script: 'app.js', autorestart: 'true'}").find("must be true or false") != std::string::npos);
}

TEST_CASE_FIXTURE(config_fixture, "config: --only selects, and a name that is not there is an error") {
  auto asked = request("[{name: 'api', script: 'app.js'}, {name: 'web', script: 'gone.js'}, {script: 'b.js'}]");
  asked.only = {"api", "b"};
  const auto out = load_file(asked);
  REQUIRE_MESSAGE(out, out.error().what); // the script of web is nobody's business
  CHECK(names(*out) == words{"api", "b"});
  asked.only = {"apii", "zzz"};
  CHECK(problems(load_file(asked))
        == "e.json: has no app named 'apii': did you mean 'api'?\ne.json: has no app named 'zzz'");
}

TEST_CASE_FIXTURE(config_fixture,
                  "config: the options that count with a file override it, and a warning names the others") {
  auto asked = request("[{script: 'app.js', namespace: 'x'}, {script: 'b.js', cwd: 'gone'}]");
  folder.write("sub/app.js", "");
  folder.write("sub/b.js", "");
  asked.options = {{"cwd", {"sub"}}, {"namespace", {"shop"}}, {"max_restarts", {"3"}}, {"name", {"n"}}, {"force", {}}};
  const auto out = load_file(asked);
  REQUIRE_MESSAGE(out, out.error().what);
  for (const auto& app : out->apps) {
    CHECK(app.cwd == folder / "sub");
    CHECK(app.name_space == "shop");
    CHECK(app.max_restarts == 15);
  }
  CHECK(names(*out) == words{"app", "b"});
  CHECK(out->forced == words{"app", "b"});
  CHECK(out->warnings == words{"without effect on a file of apps: --max-restarts, --name"});
  asked.options = {{"watch", {""}}};
  CHECK(problems(load_file(asked)) == "--watch must be true, false, a path, or a list of paths, not ''");
  asked.options = {{"cwd", {"gone"}}};
  CHECK(problems(load_file(asked)) == "--cwd: no such folder: '" + (folder / "gone") + "'");
}

TEST_CASE_FIXTURE(
    config_fixture,
    "config: filter_env is true, one name, or parts of names; so is --filter-env, where words are parts") {
  CHECK(one("{script: 'app.js', filter_env: true}").filter_env.everything);
  CHECK(one("{script: 'app.js', filter_env: false}").filter_env == environment_filter{});
  CHECK(one("{script: 'app.js', filterEnv: 'A B'}").filter_env.name == "A B");
  CHECK(one("{script: 'app.js', filter_env: ['A', 'B']}").filter_env.parts == words{"A", "B"});
  CHECK(problems("{script: 'app.js', filter_env: ['A', '']}").find("'filter_env' has an empty text")
        != std::string::npos);

  const auto option = [&](words values) {
    return run("app.js", {{"filter_env", std::move(values)}}).value().apps.front().filter_env;
  };
  CHECK(option({}).everything);
  CHECK(option({"A", "B C"}).parts == words{"A", "B", "C"});
}

TEST_CASE_FIXTURE(config_fixture,
                  "config: an app that says write is written as it was resolved, and can be started from there") {
  auto loaded_app =
      load("[{script: 'app.js', name: 'a b', args: 'x', instances: 2, exec_mode: 'fork', env: {A: 1}, env_x: {A: 2},"
           "  log: null, kill_timeout: '5s', filter_env: ['S'], write: true}, {script: 'b.js'}]");
  REQUIRE_MESSAGE(loaded_app, loaded_app.error().what);
  CHECK(loaded_app->written == words{"a b"});

  CHECK(write_apps(*loaded_app, folder.path()).value() == words{"a b-pm2.json"});

  const auto again = load_file({.path = "a b-pm2.json", .who = who});
  REQUIRE_MESSAGE(again, again.error().what);
  CHECK(again->warnings.empty());
  REQUIRE(again->apps.size() == 1);
  CHECK(again->apps.front() == loaded_app->apps.front());
}

TEST_CASE_FIXTURE(config_fixture,
                  "config: write leaves a file alone that is there, and says so where it is another one") {
  const auto app = load("{script: 'app.js', write: true}").value();
  CHECK(write_apps(app, folder.path()).value() == words{"app-pm2.json"});
  CHECK(write_apps(app, folder.path()).value().empty());

  folder.write("app-pm2.json", "{}");
  const auto refused = write_apps(app, folder.path());
  REQUIRE(!refused);
  CHECK(refused.error().what == fmt::format("'{}' is there already and says something else", folder / "app-pm2.json"));
  CHECK(os::read_text_file(folder / "app-pm2.json", 100) == std::string("{}"));
}

TEST_CASE_FIXTURE(config_fixture, "config: force in a file is told by name") {
  const auto out = load("[{script: 'app.js', force: true}, {script: 'b.js', force: false}]");
  REQUIRE(out);
  CHECK(out->forced == words{"app"});
}

TEST_CASE_FIXTURE(config_fixture, "config: the interpreter follows the extension, the file, or the key") {
  struct row {
    const char* text;
    std::string interpreter;
    std::string path;
  };
  const row rows[] = {
      {"{script: 'app.js'}", "node", folder / "bin/node"},
      {"{script: 'job.sh'}", "bash", folder / "bin/bash"},
      {"{script: 'page.ts'}", "bun", folder / "bin/bun"},
      {"{script: 'worker.py'}", "python3", folder / "bin/python3"},
      {"{script: './native'}", "none", ""},
      {"{script: 'shebang'}", "none", ""},
      {"{script: 'tool'}", "none", ""},
      {"{script: 'plain', interpreter: 'none'}", "none", ""},
      {"{script: 'notes.txt', exec_interpreter: 'ruby'}", "ruby", folder / "bin/ruby"},
      {"{script: 'notes.txt', interpreter: 'bin/ruby'}", "bin/ruby", folder / "bin/ruby"},
      {"{script: 'shebang', interpreter: 'bash'}", "bash", folder / "bin/bash"},
  };
  for (const auto& [text, interpreter, path] : rows) {
    const auto app = one(text);
    CHECK(app.interpreter == interpreter);
    CHECK(app.interpreter_path == path);
  }
  CHECK(one("{script: 'tool'}").exec_path == folder / "bin/tool");
  CHECK(problems("{script: 'notes.txt'}")
        == fmt::format("e.json:1:2: '{}' is not executable and there is no interpreter for '.txt': set "
                       "'exec_interpreter'",
                       folder / "notes.txt"));
  CHECK(problems("{script: 'not-executable'}")
        == fmt::format("e.json:1:2: '{}' is not executable and there is no interpreter for a name without extension: "
                       "set 'exec_interpreter' or chmod +x",
                       folder / "not-executable"));
  CHECK(problems("{script: 'plain'}").find("is neither a program nor a script with #!") != std::string::npos);
  CHECK(problems("{script: 'not-executable', interpreter: 'none'}").find("is not executable: chmod +x")
        != std::string::npos);
}

TEST_CASE_FIXTURE(config_fixture, "config: words that are no file are a command line for bash, or sh") {
  auto app = one("{name: 'x', script: 'tool --a && tool', args: 'b'}");
  CHECK(app.exec_path == folder / "bin/bash");
  CHECK(app.interpreter == "none");
  CHECK(app.args == words{"-c", "tool --a && tool", "bash", "b"});
  CHECK(one("{script: 'npm run start'}").name == "npm run start");
  folder.write("my app.js", "");
  app = one("{script: 'my app.js'}");
  CHECK(app.exec_path == folder / "my app.js");
  CHECK(app.name == "my app");
  folder.write("only-sh/sh", program, 0755);
  who.search_path = folder / "only-sh";
  CHECK(one("{script: 'a b'}").exec_path == folder / "only-sh/sh");
  who.search_path = "";
  CHECK(problems("{script: 'a b'}").find("neither bash nor sh is in PATH") != std::string::npos);
}

TEST_CASE_FIXTURE(config_fixture, "config: instances count from the CPUs") {
  const auto count = [&](std::string_view value) {
    return one(fmt::format("{{script: 'job.sh', instances: {}}}", value)).instances;
  };
  CHECK(count("'max'") == count("0"));
  CHECK(count("0") >= 1);
  CHECK(count("-1") == std::max(1, count("0") - 1));
  CHECK(count("-9999") == 1);
  CHECK(count("'4'") == 4);
}

TEST_CASE_FIXTURE(config_fixture,
                  "config: as many instances as there are CPUs share their log files, unless told otherwise") {
  for (const auto* number : {"'max'", "0", "'0'"})
    CHECK(one(fmt::format("{{script: 'job.sh', instances: {}}}", number)).merge_logs == true);
  for (const auto* number : {"1", "4", "-1"})
    CHECK(!one(fmt::format("{{script: 'job.sh', instances: {}}}", number)).merge_logs);
  CHECK(one("{script: 'job.sh', merge_logs: false, instances: 0}").merge_logs == false);
  const auto by_option = run("job.sh", {{"instances", {"max"}}});
  REQUIRE(by_option);
  CHECK(by_option->apps.front().merge_logs == true);
}

TEST_CASE_FIXTURE(config_fixture, "config: a node app is in cluster mode where it says so, or says how many") {
  CHECK(one("{script: 'app.js', exec_mode: 'cluster'}").is_cluster);
  CHECK(one("{script: 'app.js', instances: 1}").is_cluster);
  CHECK(!one("{script: 'app.js', instances: 2, exec_mode: 'fork'}").is_cluster);
  CHECK(!one("{script: 'app.js'}").is_cluster);
  CHECK(!one("{script: 'job.sh', instances: 2}").is_cluster);
  CHECK(one("{script: 'app.js', cluster_policy: 'shared'}").cluster_policy == cluster_policy::shared);
}

TEST_CASE_FIXTURE(config_fixture, "config: a user gives the group and HOME, unless they are set") {
  auto app = one("{script: 'job.sh', uid: 'root'}");
  CHECK(app.uid == 0u);
  CHECK(app.gid == 0u);
  CHECK(app.env.at("HOME") == "/root");
  app = one("{script: 'job.sh', user: '0', gid: 7, env: {HOME: '/x'}}");
  CHECK(app.uid == 0u);
  CHECK(app.gid == 7u);
  CHECK(app.env.at("HOME") == "/x");
  CHECK(one("{script: 'job.sh', uid: 4000000, gid: 'root'}").gid == 0u);
}

TEST_CASE_FIXTURE(config_fixture, "config: a command line gives one app") {
  const auto out = run("app.js",
                       {{"name", {"web"}},
                        {"node_args", {"--a --b", "--c"}},
                        {"stop_exit_codes", {"0,1", "2"}},
                        {"instances", {"2"}},
                        {"exec_mode", {}},
                        {"merge_logs", {}},
                        {"treekill", {"false"}},
                        {"output", {"first.log", "o.log"}},
                        {"force", {}},
                        {"pmx", {"false"}}},
                       {"-a", "it's"});
  REQUIRE_MESSAGE(out, out.error().what);
  const auto& app = out->apps.at(0);
  CHECK(app.name == "web");
  CHECK(app.args == words{"-a", "it's"});
  CHECK(app.node_args == words{"--a", "--b", "--c"});
  CHECK(app.stop_exit_codes == std::vector{0, 1, 2});
  CHECK(app.instances == 2);
  CHECK(app.merge_logs == true);
  CHECK(!app.treekill);
  CHECK(app.out_file == folder / "o.log");
  CHECK(out->forced == words{"web"});
  CHECK(out->warnings == words{"known to PM2 and without effect here: pmx"});
}

TEST_CASE_FIXTURE(config_fixture, "config: arguments and paths of a command line may be any bytes") {
  folder.write("\xFE.js", "");
  const auto out = run("\xFE.js", {{"name", {"web"}}, {"output", {"\xFD.log"}}}, {"\xFF"});
  REQUIRE_MESSAGE(out, out.error().what);
  CHECK(out->apps.front().exec_path == folder / "\xFE.js");
  CHECK(out->apps.front().out_file == folder / "\xFD.log");
  CHECK(out->apps.front().args == words{"\xFF"});
}

TEST_CASE_FIXTURE(config_fixture, "config: what is wrong on a command line is said with the option") {
  struct row {
    given_options options;
    std::string problem;
  };
  const row rows[] = {
      {{{"max_restarts", {"many"}}}, "--max-restarts must be a number from 0 to 2147483647, not 'many'"},
      {{{"merge_logs", {"maybe"}}}, "--merge-logs must be true or false, not 'maybe'"},
      {{{"node_args", {"a 'b", "c"}}}, "--node-args has a quote that is not closed: 'a 'b'"},
      {{{"watch", {"gone"}}}, "--watch: no such file or folder: '" + (folder / "gone") + "'"},
      {{{"max_memory_restart", {"much"}}},
       "--max-memory-restart must be a number of bytes, or one with K, M or G, such as 300M; 0: no limit, not 'much'"},
      {{{"cluster_policy", {"sticky"}}}, "--cluster-policy must be round_robin or shared, not 'sticky'"},
      {{{"name", {"all"}}}, "the name 'all' means every app on a command line"},
  };
  for (const auto& [options, problem] : rows)
    CHECK(problems(run("app.js", options)) == problem);
  CHECK(problems(run("none.js")) == "no such script: '" + (folder / "none.js") + "', nor a program 'none.js' in PATH");
  CHECK(problems(run("app.js", {{"name", {"\xFF"}}})) == "the name '\\xff' is not UTF-8");
  CHECK(problems(run("")) == "'script' is missing: what shall the app run?");
  CHECK(problems(run("/-x")) == "the name '-x' starts with '-', like an option: set --name\nno such script: '/-x'");
}

TEST_CASE_FIXTURE(config_fixture, "config: the names of a file need no script and no folder") {
  auto asked = request("{apps: [{name: 'a', script: 'gone.js', cwd: 'gone'}, {script: 'b.js', name_prefix: 'p'}]}");
  CHECK(names_in_file(asked).value() == words{"a", "p:b"});
  asked.only = {"a"};
  CHECK(names_in_file(asked).value() == words{"a"});
  asked.path = "none.json";
  CHECK(!names_in_file(asked));
}

TEST_CASE("config: a file of apps is known by a part of its name") {
  for (const auto* name : {"-", "a.json", "a.json5", "x.json.bak", "e.yml", "e.yaml", "e.config.js", "e.config.cjs",
                           "e.config.mjs", "/x/e.config.js"})
    CHECK_MESSAGE(is_config_file(name), name);
  for (const auto* name : {"", "ecosystem.js", "app.js", "web", "json", "e.config.ts"})
    CHECK_MESSAGE(!is_config_file(name), name);
}

TEST_CASE("config: the default file is the first of its kind, and a package.json only with apps") {
  temp_folder folder;
  CHECK(!find_default_file(folder.path()));
  folder.write("package.json", "{\"name\": \"x\"}");
  CHECK(!find_default_file(folder.path()));
  folder.write("package.json", "{\"apps\": []}");
  CHECK(find_default_file(folder.path()) == folder / "package.json");
  for (const auto* name : {"ecosystem.config.mjs", "ecosystem.config.cjs", "ecosystem.config.js", "ecosystem.yml",
                           "ecosystem.yaml", "ecosystem.json"}) {
    folder.write(name, "");
    CHECK(find_default_file(folder.path()) == folder / name);
  }
}

TEST_CASE_FIXTURE(config_fixture, "config: a thousand apps are a matter of milliseconds") {
  std::string text = "{apps: [";
  for (int i = 0; i < 1000; ++i)
    text += fmt::format("{{name: 'app-{}', script: 'app.js', args: ['--port', '{}'], env: {{NODE_ENV: 'production', "
                        "PORT: {}}}, max_restarts: 10, kill_timeout: '5s', autorestart: true}},\n",
                        i, i, i);
  folder.write("e.json", text + "]}");

  const auto start = std::chrono::steady_clock::now();
  const auto out = load_file({.path = "e.json", .who = who});
  const auto spent = std::chrono::steady_clock::now() - start;

  REQUIRE(out);
  CHECK(out->apps.size() == 1000);
  MESSAGE("1,000 apps: " << std::chrono::duration_cast<std::chrono::microseconds>(spent).count() << " us");
  CHECK(spent < milliseconds(500)); // 20 ms is the aim; a machine with sanitizers and neighbours is slower
}
