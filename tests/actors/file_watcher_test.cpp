#include "actors/file_watcher.hpp"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "../unit/temp_folder.hpp"
#include "fixture.hpp"

using namespace procvisor;

namespace {

struct watcher_fixture : actor_fixture {
  temp_folder folder;
  std::string base = std::filesystem::canonical(folder.path()).string();
  std::map<process_id, std::vector<std::string>> changed;
  std::map<process_id, std::string> troubles;

  file_watcher_actor watcher = sys.spawn<file_watcher_impl>();
  /// Stands in for the registry.
  caf::actor listener = sys.spawn([this](caf::event_based_actor*) -> caf::behavior {
    return {[this](const files_changed& said) {
              for (const auto id : said.ids)
                for (const auto& one : said.changes)
                  changed[id].push_back(one.name);
            },
            [this](const watch_trouble& said) {
              for (const auto id : said.ids)
                troubles[id] = said.text;
            }};
  });

  ~watcher_fixture() {
    caf::anon_send_exit(caf::actor_cast<caf::actor>(watcher), caf::exit_reason::kill);
    caf::anon_send_exit(listener, caf::exit_reason::kill);
    loop.run_until_quiet();
  }
  shared_watch_rules rules(std::vector<std::string> ignored = {}, std::vector<std::string> paths = {}) const {
    app_spec spec;
    spec.cwd = base;
    spec.watch = {.wanted = true, .paths = std::move(paths)};
    spec.ignore_watch = std::move(ignored);
    return std::make_shared<const watch_rules>(spec, base + "/home");
  }
  void enter(uint32_t id, shared_watch_rules what, std::vector<std::string> own_files = {}) {
    caf::send_as(listener, watcher, watch_entry{process_id{id}, std::move(what), std::move(own_files)});
    loop.run_until_quiet();
  }
  void write(const std::string& name) {
    std::ofstream{base + "/" + name} << "x";
    loop.run_until_quiet();
  }
};

using names = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(watcher_fixture, "file_watcher: each process hears of the files that are its own to watch") {
  std::filesystem::create_directories(base + "/src");
  std::filesystem::create_directories(base + "/docs");
  enter(1, rules());
  enter(2, rules({"docs"}));
  enter(3, rules({}, {base + "/docs"}));

  write("src/a.js");
  write("docs/b.md");

  CHECK(changed[process_id{1}] == names{"src/a.js", "docs/b.md"});
  CHECK(changed[process_id{2}] == names{"src/a.js"});
  CHECK(changed[process_id{3}] == names{"docs/b.md"});
}

TEST_CASE_FIXTURE(watcher_fixture, "file_watcher: logs of processes that are watched count for none of them") {
  const auto shared = rules();
  enter(1, shared, {base + "/one.log"});
  enter(2, shared, {base + "/two.log"});
  write("one.log");
  write("two.log");
  write("one.log.1"); // put aside
  write("one.log.12.gz");
  CHECK(changed.empty());
  write("one.log.x");
  CHECK(changed[process_id{2}] == names{"one.log.x"});
  changed.clear();
  enter(2, nullptr);
  write("two.log");
  CHECK(changed[process_id{1}] == names{"two.log"});
  CHECK(!changed.contains(process_id{2}));
}

TEST_CASE_FIXTURE(watcher_fixture,
                  "file_watcher: an entry takes the place of the one before, and the last one ends it all") {
  std::filesystem::create_directories(base + "/src");
  enter(1, rules());
  enter(1, rules({}, {base + "/src"}));
  write("a.js");
  CHECK(changed.empty());
  write("src/a.js");
  CHECK(changed[process_id{1}] == names{"src/a.js"});
  enter(1, nullptr);
  write("src/a.js");
  CHECK(changed[process_id{1}].size() == 1);
  enter(1, rules());
  write("b.js");
  CHECK(changed[process_id{1}].back() == "b.js");
}

TEST_CASE_FIXTURE(watcher_fixture,
                  "file_watcher: what is wrong with a root is told to all who watch it, also to the next one") {
  std::filesystem::create_directories(base + "/src");
  const auto shared = rules({}, {base + "/src"});
  enter(1, shared);
  std::filesystem::remove(base + "/src");
  loop.run_until_quiet();
  CHECK(troubles[process_id{1}] == "'" + base + "/src': it is gone, and is watched again as soon as it is back");
  enter(2, shared);
  CHECK(troubles[process_id{2}] == troubles[process_id{1}]);
  std::filesystem::create_directories(base + "/src");
  loop.run_until_quiet();
  CHECK(troubles[process_id{1}].empty());
  CHECK(troubles[process_id{2}].empty());
}
