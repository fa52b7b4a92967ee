#include <doctest/doctest.h>

#include "core/process.hpp"

using namespace procvisor;

TEST_CASE("process: the words of a status are PM2's") {
  CHECK(to_string(process_status::online) == "online");
  CHECK(to_string(process_status::waiting_restart) == "waiting restart");
  CHECK(to_string(process_status::errored) == "errored");
}
