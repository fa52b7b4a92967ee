#include <doctest/doctest.h>

#include "core/runtime_exit.hpp"

using namespace procvisor;

namespace {

runtime_process online(int64_t id, std::string name = "web") {
  return {.id = id, .name = std::move(name), .status = process_status::online};
}

runtime_process ended(int64_t id, int code, int signal = 0, process_status status = process_status::stopped,
                      std::string name = "web") {
  return {.id = id, .name = std::move(name), .status = status, .exit_code = code, .exit_signal = signal};
}

} // namespace

TEST_CASE("runtime_exit: the code of the only process, 128 and the signal, or 1 where it could not run") {
  struct row {
    runtime_process process;
    std::optional<int> code;
  };
  auto asked = ended(0, 0, 2);
  asked.was_asked = true;
  for (const auto& [process, code] : std::initializer_list<row>{
           {online(0), std::nullopt},
           {{.id = 0, .name = "web", .status = process_status::launching}, std::nullopt},
           {{.id = 0, .name = "web", .status = process_status::stopping}, std::nullopt},
           {{.id = 0, .name = "web", .status = process_status::waiting_restart, .exit_code = 3}, std::nullopt},
           {ended(0, 0), 0},
           {ended(0, 37), 37},
           {ended(0, 0, 9), 137},
           {ended(0, 37, 0, process_status::errored), 37},
           {ended(0, 0, 0, process_status::errored), 1},
           {asked, 0},
       })
    CHECK(runtime_exit{parse_exit_rule("all")}.after({process}) == code);
}

TEST_CASE("runtime_exit: all: the code of the process that failed last, whatever others end with after it") {
  runtime_exit exit{parse_exit_rule("all")};
  CHECK_FALSE(exit.after({online(0), online(1), online(2)}));
  CHECK_FALSE(exit.after({online(0), ended(1, 5), online(2)}));
  CHECK_FALSE(exit.after({ended(0, 4), ended(1, 5), online(2)}));
  CHECK(exit.after({ended(0, 4), ended(1, 5), ended(2, 0)}) == 4);
}

TEST_CASE("runtime_exit: one that is started again by somebody may end in another way") {
  runtime_exit exit{parse_exit_rule("all")};
  CHECK_FALSE(exit.after({ended(0, 5), online(1)}));
  CHECK_FALSE(exit.after({online(0), online(1)}));
  CHECK(exit.after({ended(0, 6), ended(1, 0)}) == 6);
}

TEST_CASE("runtime_exit: any: the first that ends; by name: the processes of that app") {
  runtime_exit any{parse_exit_rule("any")};
  CHECK_FALSE(any.after({online(0), online(1)}));
  CHECK(any.after({online(0), ended(1, 0)}) == 0);

  runtime_exit named{parse_exit_rule("job")};
  CHECK_FALSE(named.after({ended(0, 9), online(1, "job"), online(2, "job")}));
  CHECK_FALSE(named.after({ended(0, 9), ended(1, 3, 0, process_status::stopped, "job"), online(2, "job")}));
  CHECK(named.after(
            {online(0), ended(1, 3, 0, process_status::stopped, "job"), ended(2, 0, 0, process_status::stopped, "job")})
        == 3);
}
