#include "core/watch_rules.hpp"

#include <chrono>

#include <doctest/doctest.h>

using namespace procvisor;

namespace {

app_spec watching(std::vector<std::string> ignored, std::vector<std::string> paths = {}) {
  app_spec spec;
  spec.cwd = "/srv/app";
  spec.watch = {.wanted = true, .paths = std::move(paths)};
  spec.ignore_watch = std::move(ignored);
  return spec;
}

bool wants(std::vector<std::string> ignored, const char* path) {
  return watch_rules{watching(std::move(ignored)), "/srv/app/home"}.wants_file(path);
}

} // namespace

TEST_CASE("watch rules: dots, node_modules and the daemon's home never count, below a root") {
  CHECK(wants({}, "/srv/app/a.js"));
  CHECK(wants({}, "/srv/app/src/deep/a.js"));
  for (const char* path :
       {"/srv/app/.env", "/srv/app/.git/index", "/srv/app/src/.cache/x", "/srv/app/node_modules/a/b.js",
        "/srv/app/src/node_modules/x.js", "/srv/app/home/state.json", "/srv/application/a.js", "/srv/b.js"})
    CHECK_MESSAGE(!wants({}, path), path);

  app_spec hidden = watching({}, {"/srv/app/.config", "/srv/app/.env"});
  hidden.cwd = "/srv/.hidden";
  const watch_rules rules{hidden, "/h"};
  CHECK(rules.wants_file("/srv/app/.config/a.json"));
  CHECK(rules.wants_file("/srv/app/.env"));
  CHECK_FALSE(rules.wants_file("/srv/app/.config/.git/a"));
}

TEST_CASE("watch rules: each form of ignore_watch") {
  const struct {
    const char* text;
    const char* path;
    bool is_ignored;
  } rows[] = {
      // names, wherever they stand
      {"tmp", "/srv/app/tmp/x", true},
      {"tmp", "/srv/app/src/tmp/x/y.js", true},
      {"tmp", "/srv/app/tmp", true},
      {"tmp/", "/srv/app/src/tmp/x", true},
      {"tmp", "/srv/app/tmpfile", false},
      {"a.js", "/srv/app/src/a.js", true},
      // paths
      {"client/img", "/srv/app/client/img/x.png", true},
      {"./client/img", "/srv/app/client/img/x.png", true},
      {"client/img", "/srv/app/x/client/img/x.png", false},
      {"/srv/app/out", "/srv/app/out/x", true},
      {"../app/out", "/srv/app/out/x", true},
      // patterns
      {"*.log", "/srv/app/deep/x.log", true},
      {"*.log", "/srv/app/x.log/below", true},
      {"*.log", "/srv/app/x.logs", false},
      {"log?", "/srv/app/log1", true},
      {"log?", "/srv/app/log12", false},
      {"*.{tmp,swp}", "/srv/app/x.swp", true},
      {"*.{tmp,swp}", "/srv/app/x.js", false},
      {"data[0-9].json", "/srv/app/data7.json", true},
      {"data[!0-9].json", "/srv/app/data7.json", false},
      {"public/*.css", "/srv/app/public/a.css", true},
      {"public/*.css", "/srv/app/public/deep/a.css", false},
      {"public/**/*.css", "/srv/app/public/deep/er/a.css", true},
      {"public/**/*.css", "/srv/app/public/a.css", true},
      {"**/cache", "/srv/app/a/b/cache/x", true},
      {"/srv/app/*.log", "/srv/app/a.log", true},
      {"[id", "/srv/app/[id", true},
      {"a.b*", "/srv/app/axb", false},
      {"*\xFF", "/srv/app/a\xFF", true},
      // regular expressions, as PM2 0.12 has them
      {"[\\/\\\\]\\./", "/srv/app/./x", true},
      {"[\\/\\\\]build[\\/\\\\]", "/srv/app/build/x.js", true},
      {"\\.log$", "/srv/app/a.log", true},
      {"\\.log$", "/srv/app/a.log/x", true},
      {"^/tmp", "/srv/app/tmp/x", true},
      {"^/tmp", "/srv/app/src/tmp/x", false},
      {"/\\.(png|gif)$/", "/srv/app/x.gif", true},
      {"(a|b)", "/srv/app/src/xyz", false},
  };
  for (const auto& [text, path, is_ignored] : rows) {
    CAPTURE(text);
    CAPTURE(path);
    CHECK_FALSE(ignore_problem(text));
    CHECK(wants({text}, path) != is_ignored);
  }
}

TEST_CASE("watch rules: a folder that is ignored is not looked into, and a parent of what is ignored is") {
  const watch_rules rules{watching({"src/gen", "\\.cache/$"}), "/h"};
  CHECK(rules.wants_folder("/srv/app"));
  CHECK(rules.wants_folder("/srv/app/src"));
  CHECK_FALSE(rules.wants_folder("/srv/app/src/gen"));
  CHECK_FALSE(rules.wants_folder("/srv/app/x.cache"));
  CHECK(rules.wants_file("/srv/app/x.cache"));
  CHECK_FALSE(rules.wants_folder("/srv"));
  CHECK_FALSE(rules.wants_folder("/srv/app/node_modules"));
}

TEST_CASE("watch rules: ext chooses among files and not among folders, and a file that is named counts always") {
  auto spec = watching({}, {"/srv/app/src", "/srv/app/Makefile"});
  spec.ext = {"js", "json"};
  const watch_rules rules{spec, "/h"};
  CHECK(rules.wants_file("/srv/app/src/a.js"));
  CHECK(rules.wants_file("/srv/app/src/a.test.json"));
  CHECK_FALSE(rules.wants_file("/srv/app/src/a.css"));
  CHECK_FALSE(rules.wants_file("/srv/app/src/js"));
  CHECK(rules.wants_folder("/srv/app/src/css"));
  CHECK(rules.wants_file("/srv/app/Makefile"));
  CHECK_FALSE(rules.wants_file("/srv/app/a.js"));
}

TEST_CASE("watch rules: an expression that is built to explode takes no time") {
  const watch_rules rules{watching({"(a+)+$", "(x*)*y\\\\"}), "/h"};
  const std::string path = "/srv/app/" + std::string(4000, 'a') + "b";
  const auto begun = std::chrono::steady_clock::now();
  CHECK(rules.wants_file(path));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{1});
}

TEST_CASE("watch rules: what cannot be a text of ignore_watch is told with its reason") {
  CHECK(ignore_problem("(a") == "is no regular expression of RE2's: missing ): (a");
  CHECK(ignore_problem("a(?=b)") == "is no regular expression of RE2's: invalid perl operator: (?=");
  CHECK(ignore_problem("(a)\\1")->starts_with("is no regular expression of RE2's"));
  for (const char* everything : {"", "/", "."})
    CHECK(ignore_problem(everything) == "means everything: nothing would be watched");
}

TEST_CASE("watch rules: files are shown as they are seen from the working directory") {
  const watch_rules rules{watching({}, {"/srv/app", "/srv/shared"}), "/h"};
  CHECK(rules.shown("/srv/app/src/a.js") == "src/a.js");
  CHECK(rules.shown("/srv/shared/a.js") == "/srv/shared/a.js");
  CHECK(rules.shown("/srv/app") == "/srv/app");
  CHECK(rules.shown("/srv/app/a\nb") == "a\\x0ab");
}

TEST_CASE("watch rules: patterns of a folder outside of the working directory start in that folder") {
  const watch_rules rules{watching({"gen/*.js", "^/gen2"}, {"/srv/shared"}), "/h"};
  CHECK_FALSE(rules.wants_file("/srv/shared/gen/a.js"));
  CHECK_FALSE(rules.wants_file("/srv/shared/gen2/a.js"));
  CHECK(rules.wants_file("/srv/shared/x/gen/a.js"));
}

TEST_CASE("watch rules: the root folder of the machine can be watched") {
  auto spec = watching({"tmp"}, {"/"});
  const watch_rules rules{spec, "/h"};
  CHECK(rules.wants_file("/etc/hosts"));
  CHECK_FALSE(rules.wants_file("/tmp/x"));
}
