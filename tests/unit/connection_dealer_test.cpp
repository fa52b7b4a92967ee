#include <doctest/doctest.h>

#include "core/connection_dealer.hpp"

using procvisor::generation;
using procvisor::process_id;
using procvisor::cluster::connection_dealer;
using procvisor::cluster::worker_key;

namespace {

constexpr worker_key a{process_id{0}, generation{1}};
constexpr worker_key b{process_id{1}, generation{1}};

struct two_workers {
  connection_dealer dealer;
  two_workers() {
    dealer.listens(a, "web");
    dealer.listens(b, "web");
  }
};

} // namespace

TEST_CASE_FIXTURE(two_workers, "dealer: workers get connections in turn, and only where they listen") {
  const auto first = dealer.deal("web");
  const auto second = dealer.deal("web");
  REQUIRE(first);
  REQUIRE(second);
  CHECK(*first != *second);
  CHECK(dealer.deal("web") == first);
  CHECK(!dealer.deal("admin"));
}

TEST_CASE_FIXTURE(two_workers, "dealer: a worker that does not answer is passed over, until it does") {
  size_t of_a = 0;
  for (size_t i = 0; i < 100; ++i) {
    const auto next = dealer.deal("web");
    REQUIRE(next);
    if (*next == a)
      ++of_a;
    else
      dealer.answered(b);
  }
  CHECK(of_a == connection_dealer::most_unanswered);
  for (size_t i = 0; i < connection_dealer::most_unanswered; ++i)
    dealer.deal("web");
  CHECK(!dealer.can_deal("web"));
  dealer.answered(a);
  CHECK(dealer.deal("web") == a);
}

TEST_CASE_FIXTURE(two_workers, "dealer: one that retires or has gone gets nothing any more") {
  dealer.retires(a);
  CHECK(dealer.deal("web") == b);
  CHECK(dealer.deal("web") == b);
  dealer.gone(b);
  CHECK(!dealer.deal("web"));
  CHECK(dealer.has_listener("web"));
  dealer.closed(a, "web");
  CHECK(!dealer.has_listener("web"));
}

TEST_CASE_FIXTURE(two_workers, "dealer: a refused connection goes to another one, and back where there is none") {
  for (int i = 0; i < 4; ++i)
    CHECK(dealer.deal("web", a) == b);
  dealer.gone(b);
  CHECK(dealer.deal("web", a) == a);
}
