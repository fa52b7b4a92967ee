#include <doctest/doctest.h>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "os/cgroup.hpp"
#include "os/spawn.hpp"

using namespace procvisor;
using namespace procvisor::os;

TEST_CASE("cgroup: the path is that of version 2") {
  CHECK(cgroup_path("0::/user.slice/a\n") == "/user.slice/a");
  CHECK(cgroup_path("9:name=systemd:/s\n4:memory:/m\n0::/\n") == "/");
  CHECK(cgroup_path("4:memory:/m\n").empty());
  CHECK(cgroup_path("10::/not-this\n").empty());
  CHECK(cgroup_path("0::/gone (deleted)\n").empty());
  CHECK(cgroup_path("").empty());
}

TEST_CASE("cgroup: the folder of a path is below the mount point, or nowhere") {
  const mount whole{.root = "/", .point = "/sys/fs/cgroup", .type = "cgroup2"};
  const mount part{.root = "/docker/1", .point = "/sys/fs/cgroup", .type = "cgroup2"};
  struct row {
    mount hierarchy;
    const char* path;
    const char* folder;
  };
  const row rows[] = {
      {whole, "/", "/sys/fs/cgroup"},
      {whole, "/a/b", "/sys/fs/cgroup/a/b"},
      {whole, "/../outside", ""},
      {whole, "", ""},
      {part, "/docker/1", "/sys/fs/cgroup"},
      {part, "/docker/1/a", "/sys/fs/cgroup/a"},
      {part, "/docker/12", ""},
      {part, "/", ""},
      {{}, "/a", ""},
  };
  for (const auto& [hierarchy, path, folder] : rows) {
    CAPTURE(path);
    CHECK(cgroup_folder(hierarchy, path) == folder);
  }
}

TEST_CASE("cgroup: what is above all launches") {
  CHECK(above_launches("/a/procvisor-0123abcd/0.1") == "/a");
  CHECK(above_launches("/procvisor-0123abcd/0.1/procvisor-89abcdef/3.4") == "/");
  CHECK(above_launches("/a/procvisor.service") == "/a/procvisor.service");
  CHECK(above_launches("/a/procvisor-mine-ok") == "/a/procvisor-mine-ok");
  CHECK(above_launches("/a/procvisor-0123abcd") == "/a/procvisor-0123abcd");
  CHECK(above_launches("/") == "/");
}

TEST_CASE("cgroup: a child begins in it, is killed with it, and its end is told") {
  const launch_cgroups cgroups{"/test/of/cgroups/" + std::to_string(::getpid())};
  if (!cgroups.are_made()) {
    MESSAGE("skipped: no writable cgroup2 hierarchy");
    return;
  }
  auto made = cgroups.make(7, 3);
  REQUIRE(made);
  CHECK(made->folder == cgroups.base() + "/7.3");
  CHECK(cgroups.of_launch(7, 3) == made->folder);
  CHECK(cgroups.of_launch(7, 4).empty());
  CHECK(cgroups.of(::getpid()).empty());

  // The shell's child is one more below it.
  std::array argv = {const_cast<char*>("sh"), const_cast<char*>("-c"), const_cast<char*>("sleep 1000 & wait"),
                     static_cast<char*>(nullptr)};
  std::array envp = {const_cast<char*>("PATH=/usr/bin:/bin"), static_cast<char*>(nullptr)};
  spawn_plan plan;
  plan.path = "/bin/sh";
  plan.argv = argv.data();
  plan.envp = envp.data();
  plan.as_sibling = false;
  plan.cgroup_fd = made->fd.get();
  SUBCASE("which the caller waits for") {
  }
  SUBCASE("which shares nothing with the caller") {
    plan.wait_for_exec = false;
  }
  spawner creator;
  const auto child = creator.spawn(plan);
  REQUIRE(child);
  CHECK(cgroups.of(child->pid) == made->folder);

  const auto events = open_cgroup_events(made->folder);
  REQUIRE(events);
  CHECK(is_populated(events.get()));
  while (processes_in(made->folder).size() < 2)
    ::usleep(1000);
  const auto held = hold_processes_in(procfs{}, made->folder);
  REQUIRE(held.size() == 2);
  CHECK(held.back().pid == child->pid); // the root of the tree is the last
  CHECK_FALSE(remove_cgroup(made->folder));
  cgroups.sweep(); // takes nothing away from what is alive
  CHECK(cgroups.of(child->pid) == made->folder);

  CHECK(kill_cgroup(made->folder));
  while (is_populated(events.get())) {
    pollfd changed{events.get(), POLLPRI, 0};
    REQUIRE(::poll(&changed, 1, 10'000) == 1);
  }
  CHECK(cgroups.of(child->pid) == made->folder); // of the zombie
  ::waitid(P_PID, static_cast<id_t>(child->pid), nullptr, WEXITED | __WALL);
  CHECK(remove_cgroup(made->folder));
  CHECK(remove_cgroup(made->folder)); // gone is gone
  cgroups.sweep();
  CHECK(::access(cgroups.base().c_str(), F_OK) != 0);
  CHECK(cgroups.make(1, 1)); // and is made again
  cgroups.sweep();
}
