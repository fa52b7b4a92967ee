#include <doctest/doctest.h>

#include "core/targets.hpp"

using namespace procvisor;

namespace {

const std::vector<targetable> apps{
    {process_id{0}, "web", "default", "/srv/web.js"},      {process_id{1}, "0", "default", "/srv/zero.js"},
    {process_id{2}, "worker-a", "jobs", "/srv/worker.py"}, {process_id{3}, "worker-b", "jobs", "/srv/worker.py"},
    {process_id{4}, "ünï cödé", "default", "/srv/u.js"},
};

std::vector<uint32_t> ids(std::string_view target) {
  const auto found = resolve_target(target, apps);
  REQUIRE(found);
  std::vector<uint32_t> numbers;
  for (const auto id : *found)
    numbers.push_back(static_cast<uint32_t>(id));
  return numbers;
}

} // namespace

TEST_CASE("targets: what a target means") {
  using list = std::vector<uint32_t>;
  CHECK(ids("web") == list{0});
  CHECK(ids("0") == list{1}); // a name wins over an id
  CHECK(ids("2") == list{2});
  CHECK(ids("jobs") == list{2, 3});
  CHECK(ids("all") == list{0, 1, 2, 3, 4});
  CHECK(ids("/^worker/") == list{2, 3});
  CHECK(ids("/B$|^web/") == list{0});
  CHECK(ids("/srv/worker.py") == list{2, 3});
  CHECK(ids("ünï cödé") == list{4});
}

TEST_CASE("targets: a script's path starts at the caller's folder, where that is known") {
  const auto first = [](std::string_view target, std::string_view cwd) {
    const auto found = resolve_target(target, apps, cwd);
    return found ? static_cast<int>(found->front()) : -1;
  };
  CHECK(first("./web.js", "/srv") == 0);
  CHECK(first("web.js", "/srv") == 0);
  CHECK(first("../srv/worker.py", "/home") == 2);
  CHECK(first("web.js", "/home") == -1);
  CHECK(first("web.js", "") == -1);
  CHECK(first("web", "/srv/web.js/..") == 0); // a name comes first
}

TEST_CASE("targets: what matches nothing is an error that helps") {
  const auto typo = resolve_target("wbe", apps);
  REQUIRE(!typo);
  CHECK(typo.error().code == exit_code::not_found);
  CHECK(typo.error().what == "no app, namespace or id 'wbe'");
  CHECK(typo.error().hint == "did you mean 'web'?");

  CHECK(resolve_target("99", apps).error().code == exit_code::not_found);
  CHECK(resolve_target("", apps).error().code == exit_code::not_found);
  CHECK(resolve_target("/nothing/", apps).error().code == exit_code::not_found);
  CHECK(resolve_target("all", {}).error().code == exit_code::not_found);
  CHECK(resolve_target("99999999999999999999", apps).error().code == exit_code::not_found);
}

TEST_CASE(
    "targets: an expression that does not compile is refused, one that is built to explode is matched in linear time") {
  const auto broken = resolve_target("/a(/", apps);
  REQUIRE(!broken);
  CHECK(broken.error().code == exit_code::usage);
  CHECK(resolve_target("/(?=web)/", apps).error().code == exit_code::usage);

  const std::string name(30'000, 'a');
  CHECK(!resolve_target("/^(a+)+$b/", {{process_id{0}, name, "default", "/x"}}));
}
