#include <doctest/doctest.h>

#include "core/units.hpp"

using namespace procvisor;
using std::chrono::milliseconds;

TEST_CASE("units: a duration is milliseconds, or a number with ms, s, m or h") {
  CHECK(parse_duration("100") == milliseconds(100));
  CHECK(parse_duration("4000ms") == milliseconds(4000));
  CHECK(parse_duration("10s") == milliseconds(10'000));
  CHECK(parse_duration("5m") == milliseconds(300'000));
  CHECK(parse_duration("1h") == milliseconds(3'600'000));
  CHECK(parse_duration("2147483647") == max_duration);
  for (const auto* bad : {"", "s", "-1", "1.5s", "1d", "10 s", "2147483648", "597h", "99999999999999999999", "1s "})
    CHECK_MESSAGE(!parse_duration(bad), bad);
}

TEST_CASE("units: a size is bytes, or a number with K, M or G") {
  CHECK(parse_bytes("1024") == 1024);
  CHECK(parse_bytes("10K") == 10'240);
  CHECK(parse_bytes("150M") == 157'286'400);
  CHECK(parse_bytes("1G") == 1'073'741'824);
  for (const auto* bad : {"", "M", "1T", "1MB", "-1", "9999999999G"})
    CHECK_MESSAGE(!parse_bytes(bad), bad);
}

TEST_CASE("units: an integer is the whole text") {
  CHECK(parse_integer("42") == 42);
  CHECK(parse_integer("+3") == 3);
  CHECK(parse_integer("-1") == -1);
  for (const auto* bad : {"", "+", "+-1", "1.0", "0x10", "4 ", "many", "9223372036854775808"})
    CHECK_MESSAGE(!parse_integer(bad), bad);
}
