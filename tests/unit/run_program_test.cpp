#include <doctest/doctest.h>

#include <sys/wait.h>

#include <cerrno>

#include "os/find_program.hpp"
#include "os/run_program.hpp"
#include "os/text_file.hpp"
#include "temp_folder.hpp"

using namespace procvisor;

TEST_CASE("run program: the result has its own fd, talk does not mix with it") {
  const auto ended = os::run_program({"/bin/sh", "-c", "echo out; echo err >&2; echo result >&3; exit 3"}, 1000);
  REQUIRE(ended);
  CHECK(ended->result == "result\n");
  CHECK(ended->talk == "out\nerr\n");
  CHECK(WEXITSTATUS(ended->wait_status) == 3);
}

TEST_CASE("run program: a program that writes without end is stopped at the limit") {
  const auto ended = os::run_program({"/bin/sh", "-c", "exec yes >&3 2>/dev/null"}, 100'000);
  REQUIRE(ended);
  CHECK(ended->result.size() < 200'000);
  CHECK(!WIFEXITED(ended->wait_status));
}

TEST_CASE("run program: one that is not there is an errno") {
  CHECK(os::run_program({"/nowhere/x"}, 10).error() == ENOENT);
}

TEST_CASE("find program: the first executable file in PATH, relative entries from the working directory") {
  temp_folder folder;
  folder.write("a/tool", "", 0644);
  folder.write("b/tool", "", 0755);
  folder.write("c/tool", "", 0755);
  folder.write("a/folder/x", "");
  folder.write("tool2", "", 0755);
  const auto path = (folder / "a") + ":b:" + (folder / "c");
  CHECK(os::find_program("tool", path, folder.path()) == folder / "b/tool");
  CHECK(!os::find_program("folder", path, folder.path()));
  CHECK(!os::find_program("b/tool", path, folder.path()));
  CHECK(!os::find_program("", path, folder.path()));
  CHECK(os::find_program("tool2", "/nowhere::", folder.path()) == (folder.path() + "/tool2"));
}

TEST_CASE("text file: a folder, a large file and a missing one are told apart") {
  temp_folder folder;
  const auto file = folder.write("f", std::string(100, 'x'));
  CHECK(os::read_text_file(file, 100).value() == std::string(100, 'x'));
  CHECK(os::read_text_file(file, 99).error() == EFBIG);
  CHECK(os::read_text_file(folder.path(), 100).error() == EISDIR);
  CHECK(os::read_text_file(folder / "none", 100).error() == ENOENT);
  CHECK(os::read_text_file("/dev/zero", 100).error() == EFBIG); // no size to look at first
  CHECK(!os::read_text_file("/proc/self/status", 100'000)->empty());
}
