#include <doctest/doctest.h>

#include "core/path_text.hpp"

using namespace procvisor;

TEST_CASE("path text: a path becomes absolute and short by its letters alone") {
  struct row {
    const char* path;
    const char* base;
    const char* absolute;
  };
  const row rows[] = {
      {"app.js", "/srv", "/srv/app.js"},
      {"./app.js", "/srv", "/srv/app.js"},
      {"../app.js", "/srv/a", "/srv/app.js"},
      {"/x/./y/../z/", "/srv", "/x/z"},
      {"a//b", "/srv", "/srv/a/b"},
      {".", "/srv", "/srv"},
      {"..", "/", "/"},
      {".hidden", "/srv", "/srv/.hidden"},
  };
  for (const auto& [path, base, absolute] : rows)
    CHECK(absolute_path(path, base) == absolute);
}
