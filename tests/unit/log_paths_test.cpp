#include <doctest/doctest.h>

#include <functional>

#include "core/log_paths.hpp"

using namespace procvisor;

namespace {

struct row {
  const char* what;
  std::function<void(app_spec&)> declare;
  log_paths expected;
};

const row rows[] = {
    {"single, no instances: no id",
     [](app_spec&) {},
     {"/h/logs/web-out.log", "/h/logs/web-error.log", "/h/pids/web-3.pid"}},
    {"instances: 1 is given: the id",
     [](app_spec& s) { s.instances_given = true; },
     {"/h/logs/web-out-3.log", "/h/logs/web-error-3.log", "/h/pids/web-3.pid"}},
    {"cluster mode: the id, of a single one as well",
     [](app_spec& s) { s.is_cluster = true; },
     {"/h/logs/web-out-3.log", "/h/logs/web-error-3.log", "/h/pids/web-3.pid"}},
    {"merge_logs: false, several: the id",
     [](app_spec& s) {
       s.instances = 4;
       s.merge_logs = false;
     },
     {"/h/logs/web-out-3.log", "/h/logs/web-error-3.log", "/h/pids/web-3.pid"}},
    {"single with merge_logs: false: nothing to keep apart",
     [](app_spec& s) { s.merge_logs = false; },
     {"/h/logs/web-out.log", "/h/logs/web-error.log", "/h/pids/web-3.pid"}},
    {"merge_logs: no id",
     [](app_spec& s) {
       s.instances_given = true;
       s.instances = 2;
       s.merge_logs = true;
     },
     {"/h/logs/web-out.log", "/h/logs/web-error.log", "/h/pids/web-3.pid", "", true}},
    {"paths of the user's own, single",
     [](app_spec& s) {
       s.out_file = "/var/o.log";
       s.error_file = "/var/e.log";
       s.pid_file = "/run/my.pid";
     },
     {"/var/o.log", "/var/e.log", "/run/my-3.pid"}},
    {"a descriptor is not one process's alone, and /dev/null is no file",
     [](app_spec& s) {
       s.out_file = "/proc/1/fd/7";
       s.error_file = "/dev/null";
       s.pid_file = "/dev/null";
     },
     {"/proc/1/fd/7", "", "", "", true}},
    {"paths of the user's own, instances: the id only before .log",
     [](app_spec& s) {
       s.instances_given = true;
       s.out_file = "/var/o.log";
       s.error_file = "/var/errors.txt";
       s.pid_file = "/run/my";
     },
     {"/var/o-3.log", "/var/errors.txt", "/run/my"}},
    {"paths of the user's own, merged",
     [](app_spec& s) {
       s.instances_given = true;
       s.merge_logs = true;
       s.out_file = "/var/o.log";
     },
     {"/var/o.log", "/h/logs/web-error.log", "/h/pids/web-3.pid"}},
    {"/dev/null and NULL are no files",
     [](app_spec& s) {
       s.out_file = "/dev/null";
       s.error_file = "NULL";
     },
     {"", "", "/h/pids/web-3.pid"}},
    {"disable_logs",
     [](app_spec& s) {
       s.disable_logs = true;
       s.out_file = "/var/o.log";
     },
     {"", "", "/h/pids/web-3.pid"}},
    {"out and error the same file",
     [](app_spec& s) { s.out_file = s.error_file = "/var/both.log"; },
     {"/var/both.log", "/var/both.log", "/h/pids/web-3.pid", "", true}},
    {"log_file: true: the id, also of a single one",
     [](app_spec& s) { s.log_file.wanted = true; },
     {"/h/logs/web-out.log", "/h/logs/web-error.log", "/h/pids/web-3.pid", "/h/logs/web-3.log", true}},
    {"log_file: true, merged: no id",
     [](app_spec& s) {
       s.log_file.wanted = true;
       s.merge_logs = true;
     },
     {"/h/logs/web-out.log", "/h/logs/web-error.log", "/h/pids/web-3.pid", "/h/logs/web.log", true}},
    {"log_file with a path: as it is",
     [](app_spec& s) { s.log_file = {.wanted = true, .path = "/var/all.log"}; },
     {"/h/logs/web-out.log", "/h/logs/web-error.log", "/h/pids/web-3.pid", "/var/all.log", true}},
    {"log_file with a path, instances: the id",
     [](app_spec& s) {
       s.instances_given = true;
       s.log_file = {.wanted = true, .path = "/var/all.log"};
     },
     {"/h/logs/web-out-3.log", "/h/logs/web-error-3.log", "/h/pids/web-3.pid", "/var/all-3.log", true}},
    {"log_file: /dev/null",
     [](app_spec& s) { s.log_file = {.wanted = true, .path = "/dev/null"}; },
     {"/h/logs/web-out.log", "/h/logs/web-error.log", "/h/pids/web-3.pid"}},
    {"disable_logs with log_file",
     [](app_spec& s) {
       s.disable_logs = true;
       s.log_file.wanted = true;
     },
     {"", "", "/h/pids/web-3.pid"}},
    {"a name that is no file name",
     [](app_spec& s) { s.name = "my app_1/../\xc3\xa9.js"; },
     {"/h/logs/my-app-1-..--.js-out.log", "/h/logs/my-app-1-..--.js-error.log", "/h/pids/my-app-1-..--.js-3.pid"}},
};

} // namespace

TEST_CASE("log_paths: names follow instances, merge_logs and the user's own paths") {
  for (const auto& row : rows) {
    CAPTURE(row.what);
    app_spec spec;
    spec.name = "web";
    row.declare(spec);

    const auto paths = resolve_log_paths(spec, process_id{3}, "/h");

    CHECK(paths.out == row.expected.out);
    CHECK(paths.error == row.expected.error);
    CHECK(paths.pid_file == row.expected.pid_file);
    CHECK(paths.log == row.expected.log);
    CHECK(paths.is_shared == row.expected.is_shared);
  }
}

TEST_CASE("log_paths: a file that several streams share gets whole lines") {
  app_spec spec;
  spec.log_date_format = "HH:mm";
  log_paths files;
  CHECK(log_style_of(spec, files) == log_style{.date_format = "HH:mm"});
  files.is_shared = true;
  CHECK(log_style_of(spec, files).whole_lines);
}
