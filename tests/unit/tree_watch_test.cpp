#include "os/tree_watch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include <doctest/doctest.h>

#include "temp_folder.hpp"

using namespace procvisor;
namespace fs = std::filesystem;

namespace {

/// Hears of changes by their names below the folder of the test.
struct watch_fixture {
  temp_folder folder;
  std::string base = fs::canonical(folder.path()).string();
  std::set<std::string> ignored; ///< folders, by their names below the folder
  std::set<std::string> changed; ///< with a minus in front where they have gone
  std::map<std::string, std::string> problems;
  os::tree_watch tree{
      {.wants = [this](const std::string&, const std::string& path) { return !ignored.contains(below(path)); },
       .on_change =
           [this](const os::tree_watch::change& change) {
             changed.insert((change.is_gone ? "-" : "") + below(change.path));
           },
       .on_problem = [this](const std::string& root, const std::string& problem) { problems[below(root)] = problem; }}};

  std::string below(const std::string& path) const {
    return path == base ? "." : path.starts_with(base + "/") ? path.substr(base.size() + 1) : path;
  }
  std::string at(const std::string& name) const { return base + "/" + name; }
  void write(const std::string& name) const { std::ofstream{at(name)} << "x"; }
  void make(const std::string& name) const { fs::create_directories(at(name)); }

  void watch(const std::string& name) {
    tree.add(name.empty() ? base : at(name));
    settle();
  }
  /// Until nothing is ready and nothing is left to do.
  void settle() {
    for (;;) {
      while (tree.has_work())
        tree.work(std::chrono::milliseconds{100});
      pollfd ready{tree.fd(), POLLIN, 0};
      if (::poll(&ready, 1, 0) != 1)
        return;
      tree.read();
    }
  }
  /// What has changed since the last time.
  std::set<std::string> heard() {
    settle();
    return std::exchange(changed, {});
  }
};

using names = std::set<std::string>;

} // namespace

TEST_CASE_FIXTURE(watch_fixture, "tree watch: files that are written, made, replaced, moved and removed") {
  make("src/deep");
  write("src/deep/a.js");
  write("old.js");
  watch("");
  CHECK(heard().empty()); // what was there before has not changed

  write("src/deep/a.js");
  CHECK(heard() == names{"src/deep/a.js"});
  write("new.js");
  CHECK(heard() == names{"new.js"});
  write("src/a.js.tmp");
  fs::rename(at("src/a.js.tmp"), at("src/deep/a.js"));
  CHECK(heard() == names{"src/a.js.tmp", "-src/a.js.tmp", "src/deep/a.js"});
  fs::rename(at("old.js"), at("src/old.js"));
  CHECK(heard() == names{"-old.js", "src/old.js"});
  fs::remove(at("new.js"));
  CHECK(heard() == names{"-new.js"});
  fs::create_symlink("src", at("link"));
  fs::create_hard_link(at("src/old.js"), at("hard.js"));
  CHECK(heard() == names{"link", "hard.js"});
}

TEST_CASE_FIXTURE(watch_fixture,
                  "tree watch: a file that is open for writing has changed when it is closed, and not before") {
  watch("");
  std::ofstream file{at("log")};
  file << "line" << std::flush;
  CHECK(heard().empty());
  file.close();
  CHECK(heard() == names{"log"});
}

TEST_CASE_FIXTURE(watch_fixture, "tree watch: in a folder that appears whatever is in it has changed, and is watched") {
  watch("");
  make("one/two");
  write("one/two/early.js"); // before anybody can have a watch on it
  CHECK(heard() == names{"one/two/early.js"});
  write("one/two/late.js");
  CHECK(heard() == names{"one/two/late.js"});
}

TEST_CASE_FIXTURE(watch_fixture, "tree watch: a tree that is moved within, out and in again") {
  make("a/deep");
  write("a/deep/x");
  make("outside");
  ignored.insert("outside");
  watch("");

  fs::rename(at("a"), at("b"));
  CHECK(heard() == names{"-a", "b/deep/x"});
  write("b/deep/y");
  CHECK(heard() == names{"b/deep/y"});
  const auto watches = tree.watches();
  fs::rename(at("b"), at("outside/b"));
  CHECK(heard() == names{"-b"});
  CHECK(tree.watches() == watches - 2);
  write("outside/b/deep/z");
  CHECK(heard().empty());
  fs::rename(at("outside/b"), at("a"));
  CHECK(heard() == names{"a/deep/x", "a/deep/y", "a/deep/z"});
}

TEST_CASE_FIXTURE(watch_fixture, "tree watch: a folder that is not wanted costs no watch") {
  make("node_modules/a/b/c");
  make("src");
  watch("");
  const auto with = tree.watches();
  tree.remove(base);
  ignored.insert("node_modules");
  watch("");
  CHECK(tree.watches() == with - 4);
  write("node_modules/a/x");
  CHECK(heard().empty());
}

TEST_CASE_FIXTURE(watch_fixture,
                  "tree watch: a root that goes away is a problem until it is back, and both are changes") {
  make("app/src");
  write("app/src/a.js");
  watch("app/src");

  fs::remove_all(at("app/src"));
  CHECK(heard() == names{"-app/src/a.js", "-app/src"});
  CHECK(problems.at("app/src").starts_with("it is gone"));
  fs::remove_all(at("app"));
  CHECK(heard().empty());

  make("app");
  CHECK(heard().empty());
  make("app/src");
  write("app/src/b.js");
  CHECK(heard() == names{"app/src", "app/src/b.js"});
  CHECK(problems.at("app/src").empty());
  write("app/src/c.js");
  CHECK(heard() == names{"app/src/c.js"});
}

TEST_CASE_FIXTURE(watch_fixture, "tree watch: a root that is replaced by another folder is watched where it is now") {
  make("next");
  write("next/a.js");
  make("src");
  watch("src");

  fs::rename(at("src"), at("before"));
  fs::rename(at("next"), at("src"));
  CHECK(heard() == names{"src", "src/a.js"});
  write("before/x");
  CHECK(heard().empty());
  write("src/y");
  CHECK(heard() == names{"src/y"});
}

TEST_CASE_FIXTURE(watch_fixture, "tree watch: a root that is a link follows it when it is set anew") {
  make("releases/1/src");
  make("releases/2/src");
  write("releases/2/src/a.js");
  fs::create_directory_symlink("releases/1", at("current"));
  watch("current/src");
  write("releases/1/src/x");
  CHECK(heard() == names{"current/src/x"});

  fs::create_directory_symlink("releases/2", at("next"));
  fs::rename(at("next"), at("current"));

  CHECK(heard() == names{"current/src", "current/src/a.js"});
  write("releases/1/src/y");
  CHECK(heard().empty());
  write("releases/2/src/b.js");
  CHECK(heard() == names{"current/src/b.js"});
}

TEST_CASE_FIXTURE(watch_fixture, "tree watch: a single file, however it is replaced, and nothing beside it") {
  write("app.conf");
  watch("app.conf");
  write("other.conf");
  CHECK(heard().empty());
  write("app.conf");
  CHECK(heard() == names{"app.conf"});
  fs::rename(at("other.conf"), at("app.conf"));
  CHECK(heard() == names{"app.conf"});
  fs::remove(at("app.conf"));
  CHECK(heard() == names{"-app.conf"});
  write("app.conf");
  CHECK(heard() == names{"app.conf"});
}

TEST_CASE_FIXTURE(watch_fixture, "tree watch: links in a circle are not followed") {
  make("a/b");
  fs::create_directory_symlink("..", at("a/b/up"));
  fs::create_directory_symlink(base, at("a/self"));
  fs::create_directory_symlink("loop", at("loop"));
  watch("");
  CHECK(tree.watches() == 4); // the folder around, the root, a and b
  write("a/b/x");
  CHECK(heard() == names{"a/b/x"});
}

TEST_CASE_FIXTURE(watch_fixture, "tree watch: roots that overlap share their watches and each hear") {
  make("src/lib");
  watch("");
  const auto before = tree.watches();
  watch("src");
  CHECK(tree.watches() == before);
  write("src/lib/a.js");
  CHECK(heard() == names{"src/lib/a.js"});
  tree.remove(base);
  write("src/lib/b.js");
  write("c.js");
  CHECK(heard() == names{"src/lib/b.js"});
  tree.remove(at("src"));
  CHECK(tree.fd() == -1);
}

TEST_CASE_FIXTURE(watch_fixture,
                  "tree watch: when the kernel's queue runs over, everything has changed and is looked through anew") {
  make("src");
  watch("");
  const auto opened = tree.times_opened();
  size_t most = 0;
  std::ifstream{"/proc/sys/fs/inotify/max_queued_events"} >> most;
  for (size_t i = 0; i < most / 2; ++i) { // more than two events each
    write("src/a");
    fs::rename(at("src/a"), at("src/b"));
  }
  make("src/later");
  CHECK(heard().contains("."));
  CHECK(tree.times_opened() == opened + 1);
  write("src/later/x");
  CHECK(heard() == names{"src/later/x"});
}

TEST_CASE_FIXTURE(watch_fixture, "tree watch: where no watch is left the problem names the limit and how to raise it") {
  for (int i = 0; i < 20; ++i)
    make("folder" + std::to_string(i));
  // In a user namespace of its own, which may have a limit of its own.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER) != 0)
      ::_exit(2);
    std::ofstream{"/proc/self/uid_map"} << "0 0 1\n";
    std::ofstream limit{"/proc/sys/user/max_inotify_watches"};
    limit << "8" << std::flush;
    if (!limit)
      ::_exit(2);
    watch("");
    const auto problem = problems.contains(".") ? problems.at(".") : std::string{};
    const bool is_told = problem.find("no inotify watch is left") == 0
                         && problem.find("sysctl fs.inotify.max_user_watches=") != std::string::npos;
    write("x");
    ::_exit(is_told && heard() == names{"x"} ? 0 : 1); // what is watched goes on
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WEXITSTATUS(status) == 2)
    MESSAGE("left out: needs user namespaces");
  else
    CHECK(status == 0);
}
