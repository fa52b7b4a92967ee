#include <doctest/doctest.h>

#include "core/suggest.hpp"

using namespace procvisor;

TEST_CASE("suggest: the nearest words win, all of them when they are equally near") {
  const std::vector<std::string_view> keys{"uid", "gid", "pid", "max_restarts", "maxRestarts", "instances"};
  CHECK(did_you_mean("max_restart", keys) == "did you mean 'max_restarts'?");
  CHECK(did_you_mean("maxrestarts", keys) == "did you mean 'maxRestarts'?");
  CHECK(did_you_mean("isntances", keys) == "did you mean 'instances'?");
  CHECK(did_you_mean("id", keys) == "did you mean 'uid', 'gid' or 'pid'?");
  CHECK(did_you_mean("INSTANCES", keys) == "did you mean 'instances'?");
}

TEST_CASE("suggest: nothing is near to a word of its own, to an empty one, and to a huge one") {
  const std::vector<std::string_view> keys{"uid", "io", "instances"};
  for (const auto& word : {std::string("zzzzzz"), std::string(), std::string(100'000, 'i'), std::string("x")})
    CHECK(did_you_mean(word, keys).empty());
}
