#include <doctest/doctest.h>

#include "os/users.hpp"

using namespace procvisor;

TEST_CASE("users: root is found by name and number, a stranger is not") {
  const auto root = os::find_user("root");
  REQUIRE(root);
  CHECK(root->uid == 0);
  CHECK(root->home == "/root");
  CHECK(os::find_user(uid_t{0})->name == "root");
  CHECK(os::find_group("root") == 0u);
  CHECK(!os::find_user("nobody-of-this-name"));
  CHECK(!os::find_user(uid_t{4'000'000}));
  CHECK(!os::find_group("no-group-of-this-name"));
}
