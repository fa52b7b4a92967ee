#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "os/home.hpp"
#include "unit/temp_dir.hpp"

using namespace procvisor;
using namespace procvisor::os;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

} // namespace

TEST_CASE("home: paths are absolute and stand in the folder that is named") {
  const auto place = home_at("/srv/./pv/../pv/");
  REQUIRE(place.has_value());
  CHECK(place->path == "/srv/pv");
  CHECK(place->socket == "/srv/pv/procvisor.sock");
  CHECK(home_at("x")->path == std::filesystem::current_path() / "x");
}

TEST_CASE("home: PROCVISOR_HOME is used, else .procvisor in HOME, else it is an error") {
  const std::string user_home = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
  ::setenv("HOME", "/home/u", 1);
  ::setenv("PROCVISOR_HOME", "/srv/pv", 1);
  CHECK(find_home()->path == "/srv/pv");
  ::setenv("PROCVISOR_HOME", "", 1);
  CHECK(find_home()->path == "/home/u/.procvisor");
  ::unsetenv("PROCVISOR_HOME");
  ::unsetenv("HOME");
  const auto nowhere = find_home();
  ::setenv("HOME", user_home.c_str(), 1);
  REQUIRE(!nowhere);
  CHECK(nowhere.error().code == exit_code::usage);
}

TEST_CASE("home: a path too long for a socket is refused") {
  const auto place = home_at("/" + std::string(100, 'x'));
  REQUIRE(!place);
  CHECK(place.error().code == exit_code::usage);
  CHECK(place.error().what.find("too long") != std::string::npos);
}

TEST_CASE("home: it is made 0700 with its folders, whatever the umask") {
  temp_dir dir;
  const auto place = home_at(dir.path() + "/a/b");
  for (const mode_t mask : {0000, 0777}) {
    const mode_t before = ::umask(mask);
    std::filesystem::create_directories(dir.path() + "/a");
    ::chmod((dir.path() + "/a").c_str(), 0700);
    const auto prepared = prepare_home(*place);
    ::umask(before);

    CHECK_MESSAGE(prepared.has_value(), (prepared ? "" : prepared.error().what));
    CHECK(mode_of(place->path) == 0700);
    CHECK(mode_of(place->logs) == 0700);
    CHECK(mode_of(place->pids) == 0700);
    std::filesystem::remove_all(dir.path() + "/a");
  }
}

TEST_CASE("home: parents that are missing are made") {
  temp_dir dir;
  CHECK(prepare_home(*home_at(dir.path() + "/a/b/c")).has_value());
}

TEST_CASE("home: one that others may read becomes 0700, one that others may write is refused") {
  temp_dir dir;
  const auto place = home_at(dir.path());
  ::chmod(dir.path().c_str(), 0755);
  CHECK(prepare_home(*place).has_value());
  CHECK(mode_of(dir.path()) == 0700);

  ::chmod(dir.path().c_str(), 0770);
  const auto refused = prepare_home(*place);
  REQUIRE(!refused);
  CHECK(refused.error().code == exit_code::usage);
  CHECK(refused.error().what == "'" + dir.path() + "' can be written by others (mode 0770)");
}

TEST_CASE("home: a file, another user's folder and one that cannot be written are refused") {
  temp_dir dir;
  const std::string file = dir.path() + "/file";
  std::ofstream{file} << "x";
  const auto not_a_folder = prepare_home(*home_at(file));
  REQUIRE(!not_a_folder);
  CHECK(not_a_folder.error().what == "opening '" + file + "' failed: Not a directory");

  if (::geteuid() == 0) {
    REQUIRE(::chown(dir.path().c_str(), 54321, 0) == 0);
    const auto foreign = prepare_home(*home_at(dir.path()));
    REQUIRE(!foreign);
    CHECK(foreign.error().what == "'" + dir.path() + "' belongs to user 54321, this is user 0");
  } else {
    const auto not_ours = prepare_home(*home_at("/"));
    REQUIRE(!not_ours);
    CHECK(not_ours.error().code == exit_code::usage);
    ::chmod(dir.path().c_str(), 0500);
    CHECK(!prepare_home(*home_at(dir.path() + "/new")));
    ::chmod(dir.path().c_str(), 0700);
  }
}
