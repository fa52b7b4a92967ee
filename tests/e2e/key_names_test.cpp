// Every key under each of its names, in a file and as an option.
#include <sys/stat.h>
#include <unistd.h>

#include "home_fixture.hpp"

namespace e2e {

namespace {

using json = nlohmann::json;

/// Each of `keys` is a part of an app in a file, and each of `options` says the same on a command line: then jlist says
/// `value` of `field`, which it does not by default.
struct key_row {
  std::vector<std::string> keys;
  std::vector<words> options;
  std::string field;
  json value;
};

struct names_fixture : home_fixture {
  names_fixture() { program("idle"); }

  std::vector<key_row> rows() const {
    const std::string user = std::to_string(::geteuid());
    const std::string group = std::to_string(::getegid());
    return {
        {{R"("args": ["-a", "b c"])", R"("args": "-a 'b c'")"}, {{"--args", "-a 'b c'"}}, "args", {"-a", "b c"}},
        {{R"("node_args": ["-x", "y"])", R"("nodeArgs": "-x y")", R"("interpreter_args": "-x y")",
          R"("interpreterArgs": ["-x", "y"])"},
         {{"--node-args", "-x y"}, {"--node_args=-x y"}, {"--interpreter-args", "-x", "--interpreter_args", "y"}},
         "node_args",
         {"-x", "y"}},
        {{R"("exec_interpreter": "sh")", R"("execInterpreter": "sh")", R"("interpreter": "sh")"},
         {{"--interpreter", "sh"}, {"--exec-interpreter", "sh"}, {"--exec_interpreter", "sh"}},
         "exec_interpreter",
         "sh"},
        {{R"("cwd": "home")"}, {{"--cwd", "home"}}, "pm_cwd", home()},
        {{R"("namespace": "shop")"}, {{"--namespace", "shop"}}, "namespace", "shop"},
        {{R"("port": 81)", R"("port": "81")"}, {{"--port", "81"}, {"--port=81"}}, "PORT", "81"},
        {{R"("env": {"N": 1})", R"("env": "N=1")"}, {}, "N", "1"},
        {{R"("env_test": {"N": 1})", R"("env_test": "N=1")"}, {}, "env_test", {{"N", "1"}}},
        {{R"("filter_env": ["A"])", R"("filterEnv": ["A"])"},
         {{"--filter-env", "A"}, {"--filter_env", "A"}},
         "filter_env",
         {"A"}},
        {{"\"uid\": " + user + ", \"gid\": " + group, "\"user\": \"" + user + "\", \"gid\": \"" + group + '"'},
         {{"--uid", user, "--gid", group}, {"--user", user, "--gid", group}},
         "uid",
         static_cast<int>(::geteuid())},
        {{R"("instance_var": "SLOT")", R"("instanceVar": "SLOT")"},
         {{"--instance-var", "SLOT"}, {"--instance_var", "SLOT"}},
         "SLOT",
         0},
        {{R"("increment_var": "UP", "env": {"UP": 3})", R"("incrementVar": "UP", "env": {"UP": "3"})"}, {}, "UP", "3"},
        {{}, {{"--increment-var", "UP"}, {"--increment_var", "UP"}}, "UP", "0"},
        {{R"("instances": 1)", R"("instances": "1")"}, {{"-i", "1"}, {"--instances", "1"}}, "merge_logs", false},
        {{R"("instances": 1, "merge_logs": true)", R"("instances": 1, "mergeLogs": true)",
          R"("instances": 1, "combine_logs": true)", R"("instances": 1, "combineLogs": true)"},
         {{"-i", "1", "--merge-logs"},
          {"-i", "1", "--merge_logs"},
          {"-i1", "--combine-logs"},
          {"-i1", "--combine_logs"}},
         "merge_logs",
         true},
        {{R"("cluster_policy": "shared")", R"("clusterPolicy": "shared")"},
         {{"--cluster-policy", "shared"}, {"--cluster_policy", "shared"}},
         "cluster_policy",
         "shared"},
        {{R"("out_file": "o")", R"("outFile": "o")", R"("out": "o")", R"("output": "o")", R"("out_log": "o")",
          R"("outLog": "o")"},
         {{"-o", "o"}, {"--output", "o"}, {"--out", "o"}, {"--out-file", "o"}, {"--out_file", "o"}, {"--out_log", "o"}},
         "pm_out_log_path",
         path("o")},
        {{R"("error_file": "e")", R"("errorFile": "e")", R"("error": "e")", R"("err": "e")", R"("err_file": "e")",
          R"("errFile": "e")", R"("err_log": "e")", R"("errLog": "e")"},
         {{"-e", "e"},
          {"--error", "e"},
          {"--err", "e"},
          {"--error-file", "e"},
          {"--err_file", "e"},
          {"--err-log", "e"}},
         "pm_err_log_path",
         path("e")},
        {{R"("log_file": "l")", R"("logFile": "l")", R"("log": "l")"},
         {{"-l", "l"}, {"--log", "l"}, {"--log-file", "l"}, {"--log_file", "l"}},
         "pm_log_path",
         path("l")},
        {{R"("pid_file": "p")", R"("pidFile": "p")", R"("pid": "p")"},
         {{"-p", "p"}, {"--pid", "p"}, {"--pid-file", "p"}, {"--pid_file", "p"}},
         "pm_pid_path",
         path("p")},
        {{R"("disable_logs": true)", R"("disableLogs": true)"},
         {{"--disable-logs"}, {"--disable_logs"}},
         "pm_out_log_path",
         "/dev/null"},
        {{R"("log_type": "json")", R"("logType": "json")"},
         {{"--log-type", "json"}, {"--log_type", "json"}},
         "log_type",
         "json"},
        {{R"("log_date_format": "HH")", R"("logDateFormat": "HH")"},
         {{"--log-date-format", "HH"}, {"--log_date_format", "HH"}},
         "log_date_format",
         "HH"},
        {{R"("log_max_size": "1M")", R"("logMaxSize": 1048576)"},
         {{"--log-max-size", "1M"}, {"--log_max_size", "1024K"}},
         "log_max_size",
         1048576},
        {{R"("log_rotate_interval": "1h")", R"("logRotateInterval": "1h")"},
         {{"--log-rotate-interval", "1h"}, {"--log_rotate_interval", "1h"}},
         "log_rotate_interval",
         "1h"},
        {{R"("log_keep": 3)", R"("logKeep": "3")"}, {{"--log-keep", "3"}, {"--log_keep", "3"}}, "log_keep", 3},
        {{R"("log_compress": true)", R"("logCompress": true)"},
         {{"--log-compress"}, {"--log_compress"}},
         "log_compress",
         true},
        {{R"("log_max_total": "1G")", R"("logMaxTotal": "1G")"},
         {{"--log-max-total", "1G"}, {"--log_max_total", "1G"}},
         "log_max_total",
         1073741824},
        {{R"("listen": ["./s1"])"}, {}, "listen", {path("s1")}}, // one app each
        {{R"("listen": "./s2")"}, {}, "listen", {path("s2")}},
        {{}, {{"--listen", "./s3"}}, "listen", {path("s3")}},
        {{R"("time": true)"}, {{"--time"}}, "log_date_format", "YYYY-MM-DDTHH:mm:ss"},
        {{R"("autorestart": false)"},
         {{"--no-autorestart"}, {"--no_autorestart"}, {"--autorestart=false"}},
         "autorestart",
         false},
        {{R"("restart_policy": "on-failure")", R"("restartPolicy": "on_failure")"},
         {{"--restart-policy", "on-failure"}, {"--restart_policy", "on-failure"}},
         "restart_policy",
         "on-failure"},
        {{R"("min_uptime": "2s")", R"("minUptime": 2000)"},
         {{"--min-uptime", "2s"}, {"--min_uptime", "2000"}},
         "min_uptime",
         2000},
        {{R"("max_restarts": 3)", R"("maxRestarts": "3")"},
         {{"--max-restarts", "3"}, {"--max_restarts", "3"}},
         "max_restarts",
         3},
        {{R"("restart_delay": "2s")", R"("restartDelay": 2000)"},
         {{"--restart-delay", "2s"}, {"--restart_delay", "2s"}},
         "restart_delay",
         2000},
        {{R"("exp_backoff_restart_delay": 2000)", R"("expBackoffRestartDelay": "2s")"},
         {{"--exp-backoff-restart-delay", "2s"}, {"--exp_backoff_restart_delay", "2000"}},
         "exp_backoff_restart_delay",
         2000},
        {{R"("stop_exit_codes": [0, 3])", R"("stopExitCodes": ["0", "3"])"},
         {{"--stop-exit-codes", "0", "3"}, {"--stop_exit_codes", "0,3"}},
         "stop_exit_codes",
         {0, 3}},
        {{R"("cron_restart": "1 0 * * *")", R"("cronRestart": "1 0 * * *")", R"("cron": "1 0 * * *")"},
         {{"-c", "1 0 * * *"},
          {"--cron", "1 0 * * *"},
          {"--cron-restart", "1 0 * * *"},
          {"--cron_restart", "1 0 * * *"}},
         "cron_restart",
         "1 0 * * *"},
        {{R"("cron_timezone": "Etc/UTC")", R"("cronTimezone": "Etc/UTC")"},
         {{"--cron-timezone", "Etc/UTC"}, {"--cron_timezone", "Etc/UTC"}},
         "cron_timezone",
         "Etc/UTC"},
        {{R"("max_memory_restart": "300M")", R"("maxMemoryRestart": 314572800)"},
         {{"--max-memory-restart", "300M"}, {"--max_memory_restart", "314572800"}},
         "max_memory_restart",
         300 << 20},
        {{R"("worker_interval": "5s")", R"("workerInterval": 5000)"},
         {{"--worker-interval", "5s"}, {"--worker_interval", "5000"}},
         "worker_interval",
         5000},
        {{R"("watch": true)"}, {{"--watch"}, {"--watch=true"}}, "watch", true},
        {{R"("watch": ["home", "idle"])"},
         {{"--watch", "home", "--watch", "idle"}, {"--watch=home", "--watch=idle"}},
         "watch",
         {home(), path("idle")}},
        {{R"("ignore_watch": ["a", "b"])", R"("ignoreWatch": "a b")"},
         {{"--ignore-watch", "a b"}, {"--ignore_watch", "a", "--ignore_watch", "b"}},
         "ignore_watch",
         {"a", "b"}},
        {{R"("ext": "js,json")", R"("ext": [".js", "*.json"])"}, {{"--ext", "js,json"}}, "ext", {"js", "json"}},
        {{R"("watch_delay": "5s")", R"("watchDelay": 5000)"},
         {{"--watch-delay", "5s"}, {"--watch_delay", "5000"}},
         "watch_delay",
         5000},
        {{R"("wait_ready": true)", R"("waitReady": true)"}, {{"--wait-ready"}, {"--wait_ready"}}, "wait_ready", true},
        {{R"("listen_timeout": "5s")", R"("listenTimeout": 5000)"},
         {{"--listen-timeout", "5s"}, {"--listen_timeout", "5000"}},
         "listen_timeout",
         5000},
        {{R"("ready_timeout_action": "kill")", R"("readyTimeoutAction": "kill")"},
         {{"--ready-timeout-action", "kill"}, {"--ready_timeout_action", "kill"}},
         "ready_timeout_action",
         "kill"},
        {{R"("watchdog": "1h")"}, {{"--watchdog", "1h"}}, "watchdog", 3600000},
        {{R"("graceful_timeout": "5s")", R"("gracefulTimeout": 5000)"},
         {{"--graceful-timeout", "5s"}, {"--graceful_timeout", "5000"}},
         "graceful_timeout",
         5000},
        {{R"("kill_timeout": "5s")", R"("killTimeout": 5000)"},
         {{"-k", "5s"}, {"--kill-timeout", "5s"}, {"--kill_timeout", "5000"}},
         "kill_timeout",
         5000},
        {{R"("kill_signal": "SIGTERM")", R"("killSignal": ["TERM"])"},
         {{"--kill-signal", "SIGTERM"}, {"--kill_signal", "15"}},
         "kill_signal",
         "SIGTERM"},
        {{R"("treekill": false)"}, {{"--no-treekill"}, {"--no_treekill"}, {"--treekill=false"}}, "treekill", false},
        {{R"("shutdown_with_message": true)", R"("shutdownWithMessage": true)"},
         {{"--shutdown-with-message"}, {"--shutdown_with_message"}},
         "shutdown_with_message",
         true},
    };
  }

  static json field_of(const json& processes, const std::string& app, const std::string& field) {
    for (const auto& row : processes)
      if (row.at("name") == app)
        return row.at("pm2_env").value(field, json{});
    FAIL("there is no app ", app);
    return {};
  }
};

} // namespace

TEST_CASE_FIXTURE(names_fixture, "every key counts in a file under each of its names") {
  ::mkdir(home().c_str(), 0700);
  json names = json::object(); // of the app, by its keys
  std::string file;
  const auto all = rows();
  for (const auto& row : all)
    for (const auto& keys : row.keys) {
      const std::string name = "app-" + std::to_string(names.size());
      file += (file.empty() ? "[" : ",\n")
              + ("{\"script\": \"" + path("idle") + "\", \"name\": \"" + name + "\", \"autostart\": false, ") + keys
              + "}";
      names[keys] = name;
    }
  for (const std::string script : {"script", "exec", "cmd", "command"})
    file += ",\n{\"name\": \"by-" + script + "\", \"autostart\": false, \"" + script + "\": \"./idle\"}";
  write("apps.json", file + "]");

  done({"start", "apps.json"});

  const auto list = processes();
  for (const auto& row : all)
    for (const auto& keys : row.keys) {
      CAPTURE(keys);
      CHECK(field_of(list, names.at(keys), row.field) == row.value);
    }
  for (const std::string script : {"script", "exec", "cmd", "command"})
    CHECK(field_of(list, "by-" + script, "pm_exec_path") == path("idle"));
}

TEST_CASE_FIXTURE(names_fixture, "every key is an option as well, in both spellings and under each of its names") {
  ::mkdir(home().c_str(), 0700);
  done({"ping"});
  int count = 0;
  for (const auto& row : rows())
    for (const auto& options : row.options) {
      const std::string name = "app-" + std::to_string(count++);
      words typed{"start", path("idle"), "--no-autostart", "-s", "--name", name};
      typed.insert(typed.end(), options.begin(), options.end());
      done(typed);
    }
  const auto list = processes();
  count = 0;
  for (const auto& row : rows())
    for (const auto& options : row.options) {
      CAPTURE(options.front());
      CHECK(field_of(list, "app-" + std::to_string(count++), row.field) == row.value);
    }
}

} // namespace e2e
