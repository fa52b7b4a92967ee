// Logs that are put aside: by size, shared ones, compressed ones.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "home_fixture.hpp"

namespace e2e {

namespace {

struct rotation_fixture : home_fixture {
  /// All lines of a log and of what it was before, the oldest first.
  std::vector<std::string> lines(const std::string& log, int files) const {
    std::string text;
    for (int number = files; number > 0; --number)
      text += read("home/logs/" + log + "." + std::to_string(number));
    return lines_of(text + read("home/logs/" + log));
  }
  uint64_t size_of(const std::string& log) const {
    std::error_code none;
    const auto size = std::filesystem::file_size(path("home/logs/" + log), none);
    return none ? 0 : size;
  }
};

} // namespace

TEST_CASE_FIXTURE(rotation_fixture, "log_max_size puts a log aside, log_keep says how many stay, and no line is lost") {
  program("numbers");
  done({"start", "./numbers", "--log-max-size", "64K", "--log-keep", "100", "--", path("counter"), "50000"});
  REQUIRE(eventually([&] { return contains(read("home/logs/numbers-out.log"), "\n50000\n"); }));

  const auto all = lines("numbers-out.log", 10);
  REQUIRE(all.size() == 50000);
  for (size_t i = 0; i < all.size(); ++i)
    REQUIRE(all[i] == std::to_string(i + 1));
  CHECK(size_of("numbers-out.log.1") > 60 * 1024);
  CHECK(size_of("numbers-out.log.1") <= 64 * 1024);
  CHECK(exists("home/logs/numbers-out.log.4"));

  done({"restart", "numbers", "--log-max-size", "64K", "--log-keep", "2"});
  REQUIRE(eventually([&] { return contains(read("home/logs/numbers-out.log"), "\n100000\n"); }));
  CHECK(exists("home/logs/numbers-out.log.2"));
  CHECK(!exists("home/logs/numbers-out.log.3"));
}

TEST_CASE_FIXTURE(rotation_fixture, "instances that share a log share the new one, too") {
  write("talk.sh", "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo \"$NODE_APP_INSTANCE says number $i\"; done\n"
                   "exec sleep 1000\n");
  done({"start", "talk.sh", "-i", "3", "--merge-logs", "--log-max-size", "2K", "--log-keep", "100"});

  CHECK(eventually([&] { return lines("talk-out.log", 20).size() == 900; }));
  auto all = lines("talk-out.log", 20);
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE_FIXTURE(rotation_fixture, "log_compress compresses all but the newest, and log_max_total limits them") {
  if (!has_program("gzip")) {
    MESSAGE("left out: gzip is not there");
    return;
  }
  program("numbers");
  done({"start", "./numbers", "--log-max-size", "64K", "--log-compress", "--", path("counter"), "40000"});
  REQUIRE(eventually([&] { return contains(read("home/logs/numbers-out.log"), "\n40000\n"); }));
  CHECK(
      eventually([&] { return exists("home/logs/numbers-out.log.3.gz") && exists("home/logs/numbers-out.log.2.gz"); }));
  CHECK(eventually(
      [&] { return !exists("home/logs/numbers-out.log.2") && !exists("home/logs/numbers-out.log.gz.part"); }));
  CHECK(exists("home/logs/numbers-out.log.1"));
  const auto text = e2e::run({{"sh", "-c",
                               "cd home/logs; { gzip -dc numbers-out.log.3.gz numbers-out.log.2.gz;"
                               " cat numbers-out.log.1 numbers-out.log; }"},
                              env,
                              folder(),
                              {}})
                        .out;
  const auto all = lines_of(text);
  REQUIRE(all.size() == 40000);
  for (size_t i = 0; i < all.size(); ++i)
    REQUIRE(all[i] == std::to_string(i + 1));

  done({"restart", "numbers", "--log-max-total", "80K"});
  REQUIRE(eventually([&] { return contains(read("home/logs/numbers-out.log"), "\n80000\n"); }));
  CHECK(eventually([&] {
    uint64_t sum = 0;
    for (int number = 1; number < 10; ++number)
      sum += size_of("numbers-out.log." + std::to_string(number))
             + size_of("numbers-out.log." + std::to_string(number) + ".gz");
    return sum > 0 && sum <= 80 * 1024;
  }));
}

TEST_CASE_FIXTURE(rotation_fixture, "a log that cannot be compressed is left as it is, and tried once") {
  if (!has_program("gzip")) {
    MESSAGE("left out: gzip is not there");
    return;
  }
  program("numbers");
  std::filesystem::create_directories(path("home/logs/numbers-out.log.2.gz")); // a folder is in its way
  write("home/logs/numbers-out.log.2.gz/full", "x");
  done({"start", "./numbers", "--log-max-size", "64K", "--log-compress", "--", path("counter"), "30000"});

  const std::string said = "compressing what '" + path("home/logs/numbers-out.log") + "' was before failed";
  CHECK(eventually([&] { return contains(read("home/procvisor.log"), said); }));
  CHECK(exists("home/logs/numbers-out.log.2"));
  CHECK(!exists("home/logs/numbers-out.log.gz.part"));
}

TEST_CASE_FIXTURE(rotation_fixture, "limits of logs that make no sense are refused") {
  program("idle");
  for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
           {"--log-max-size", "many"},
           {"--log-max-size", "-1"},
           {"--log-keep", "1001"},
           {"--log-rotate-interval", "2h"},
           {"--log-max-total", "10X"},
       }) {
    CAPTURE(option);
    CHECK(run({"start", "./idle", option, value}).exit_code == 2);
  }
  done({"start", "./idle", "--log-rotate-interval", "1d", "--log-max-size", "0"});
}

} // namespace e2e
